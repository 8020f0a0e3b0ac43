// Parameters as the sandbox accepts them: zod pieces for form values, and zod's issues in Stripe's words.
import { z } from 'zod';
import type { FormValue } from './form.ts';
import { badParameter, type StripeRefusal } from './refusal.ts';

export const integer = z
  .string()
  .regex(/^-?\d{1,15}$/)
  .transform(Number);
export const boolean = z.enum(['true', 'false']).transform((text) => text === 'true');
export const text = z.string().max(5000);
export const url = z.string().regex(/^https?:\/\/\S+$/, 'Not a valid URL');
export const metadata = z
  .union([z.literal('').transform(() => ({})), z.record(z.string().max(40), z.string().max(500))])
  .refine((pairs) => Object.keys(pairs).length <= 50, 'Metadata can have up to 50 keys');
export const range = z.union([
  integer,
  z.strictObject({
    gt: integer.optional(),
    gte: integer.optional(),
    lt: integer.optional(),
    lte: integer.optional(),
  }),
]);
const expand = z.array(z.string()).max(20).optional();

/** A parameter object: unknown names are refused; every call also takes `expand`. */
export function params<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject({ ...shape, expand });
}

/** Parameters of a list call: paging and the given filters. */
export function listParams<Shape extends z.ZodRawShape>(shape: Shape) {
  return params({
    limit: integer.pipe(z.number().min(1).max(100)).optional(),
    starting_after: text.optional(),
    ending_before: text.optional(),
    ...shape,
  });
}

/** The parameters parsed, or Stripe's 400 naming the first one that is wrong. */
export function parseParams<Schema extends z.ZodType>(schema: Schema, raw: FormValue): z.output<Schema> {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw issue === undefined ? badParameter('Invalid request.') : asRefusal(issue, raw);
}

/** `metadata` after an update: given keys are set, keys given as '' are removed. */
export function mergedMetadata(
  before: Record<string, string>,
  change: Record<string, string> | undefined,
): Record<string, string> {
  if (change === undefined) return before;
  if (Object.keys(change).length === 0) return {};
  return Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== ''));
}

function asRefusal(issue: z.core.$ZodIssue, raw: FormValue): StripeRefusal {
  if (issue.code === 'unrecognized_keys') {
    const name = bracketed([...issue.path, issue.keys[0] ?? '']);
    return badParameter(`Received unknown parameter: ${name}`, { code: 'parameter_unknown', param: name });
  }
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.flat().find((nested) => nested.path.length > 0) ?? issue.errors.flat()[0];
    if (inner !== undefined) return asRefusal({ ...inner, path: [...issue.path, ...inner.path] }, raw);
  }
  const param = bracketed(issue.path);
  const given = valueAt(raw, issue.path);
  if (given === undefined) {
    return badParameter(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  }
  if (issue.code === 'invalid_format' && typeof given === 'string' && issue.pattern?.includes('\\d{1,15}')) {
    return badParameter(`Invalid integer: ${given}`, { code: 'parameter_invalid_integer', param });
  }
  return badParameter(`Invalid ${param}: ${issue.message}`, { param });
}

function bracketed(path: PropertyKey[]): string {
  return path.map((key, index) => (index === 0 ? String(key) : `[${String(key)}]`)).join('');
}

function valueAt(raw: FormValue, path: PropertyKey[]): FormValue | undefined {
  let value: FormValue | undefined = raw;
  for (const key of path) {
    if (typeof value !== 'object') return undefined;
    value = Array.isArray(value) ? value[Number(key)] : value[String(key)];
  }
  return value;
}
