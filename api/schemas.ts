// Schemas that many routes share: amounts, times, names beside ids, and pages.
import { z } from 'zod';

/** An amount in an answer: dollars as a decimal string, never a number. */
export const amount = z
  .string()
  .regex(/^-?\d+\.\d{2,9}$/)
  .meta({
    id: 'Amount',
    description: 'Dollars as a decimal string with two to nine decimals.',
    examples: ['12.34'],
  });

export const timestamp = z.iso.datetime().meta({ id: 'Timestamp', description: 'ISO 8601 in UTC.' });

/** Somebody or something by its id, with its name: in a line of the past the one it had then. */
export const named = z.strictObject({ id: z.uuid(), name: z.string().nullable() }).meta({
  id: 'Named',
  description:
    'An id that never changes, and a name: in lines of the past the name of that time, “former member” once the person was erased, null when it is not known.',
});

const count = z.int().min(0);

/** What usage is priced by; `inputTokens` has the cached and the written ones in it. */
export const usageCounts = {
  serviceTier: z.enum(['standard', 'batch']),
  inputTokens: count,
  cachedInputTokens: count,
  cacheWriteTokens: count,
  outputTokens: count,
};

/** A moment in a query: a date means its midnight in UTC. */
export const moment = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], {
    error: 'Write a date (2026-01-31) or an ISO 8601 time.',
  })
  .transform((text) => new Date(text));

/** How many items a page has at most. */
export const limit = z.coerce
  .number('A limit is a whole number from 1 to 500.')
  .int('A limit is a whole number from 1 to 500.')
  .min(1, 'A limit is at least 1.')
  .max(500, 'A limit is at most 500.')
  .default(50);

export const cursor = z.string().max(200).describe('The `nextCursor` of the page before.');

/** A page of items; `nextCursor` is null on the last one. */
export function pageOf<T extends z.ZodType>(item: T, id: string) {
  return z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() }).meta({ id });
}

export const accountParams = z.strictObject({ accountId: z.string().describe('The id of an account.') });

export const organizationParams = z.strictObject({
  organizationId: z.string().describe('The id of an organization.'),
});
