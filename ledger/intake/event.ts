// One usage event as a gateway sends it: what is accepted, what it becomes, and why the rest is rejected.
import { z } from 'zod';
import { MOST_EVENT_COST, MOST_TOKENS } from '../cost.ts';
import { type Nanos, parseDollars } from '../money.ts';
import { Refusal, type RefusalCode } from '../refusal.ts';
import { hidesCharacters } from '../text.ts';

const MOST_BYTES = 255;
const MOST_METADATA_BYTES = 4_096;
const MOST_METADATA_DEPTH = 8;
const OLDEST_MS = 35 * 86_400_000;
const AHEAD_MS = 5 * 60_000;

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Text that Postgres can store and an index can hold: no NUL, no lone surrogate, at most 255 bytes. */
const text = z
  .string()
  .min(1, 'must not be empty')
  .refine((value) => Buffer.byteLength(value) <= MOST_BYTES, `must be at most ${MOST_BYTES} bytes`)
  .refine((value) => value.isWellFormed() && !value.includes('\0'), 'must be well-formed text without NUL');

const tokens = z
  .number({ error: 'must be a number of tokens' })
  .int('must be a whole number, zero or more')
  .min(0, 'must be a whole number, zero or more')
  .max(MOST_TOKENS, `must be at most ${MOST_TOKENS}`);

const uuid = z.string().regex(UUID, 'must be a UUID').toLowerCase();

const NO_HIDDEN = 'must not have control or text-direction characters';

const metadata = z
  .record(z.string(), z.unknown())
  .refine((value) => {
    const json = JSON.stringify(value);
    return Buffer.byteLength(json) <= MOST_METADATA_BYTES && !/\\u(0000|d[89a-f][0-9a-f]{2})/i.test(json);
  }, `must be at most ${MOST_METADATA_BYTES} bytes of JSON, without NUL or lone surrogates`)
  .refine(
    (value) => depthOf(value) <= MOST_METADATA_DEPTH,
    `must be at most ${MOST_METADATA_DEPTH} levels deep`,
  )
  .refine((value) => !namesOf(value).some(hidesCharacters), `the names of its members ${NO_HIDDEN}`);

/** The event on the wire. Exactly one of `apiKeyId` and `apiKey` names the key. */
export const usageEventSchema = z
  .strictObject({
    id: text.describe('The logical request id: a retry sends the same. Best a UUIDv7.'),
    apiKeyId: uuid.optional().describe('The id of the API key that the request came with'),
    apiKey: text.optional().describe('The key itself instead, where the gateway does not know its id'),
    model: text
      .refine((value) => !hidesCharacters(value), NO_HIDDEN)
      .describe('As the price list calls it; usage of a model without a price waits for one'),
    inputTokens: tokens.default(0).describe('Includes cached and cache-written tokens'),
    cachedInputTokens: tokens.default(0).describe('Of the input, read from a cache'),
    cacheWriteTokens: tokens.default(0).describe('Of the input, written to a cache'),
    outputTokens: tokens.default(0),
    occurredAt: z
      .string()
      .refine(isTime, {
        message: 'must be an ISO 8601 time with a zone, as 2026-01-31T12:00:00Z',
      })
      .meta({
        format: 'date-time',
        description: 'When it happened: decides price and age. A retry sends the same',
      }),
    serviceTier: z.enum(['standard', 'batch']).default('standard'),
    holdId: uuid.optional(),
    batchId: text.optional(),
    metadata: metadata.optional().describe('What else to keep of it: up to 4,096 bytes of JSON'),
    cost: z.string().optional().describe('Dollars; only with a token of scope `explicit-cost`'),
  })
  .meta({ id: 'UsageEvent' });

/** A day that its month does not have would be read as one of the next. */
function isTime(value: string): boolean {
  if (!TIME.test(value) || Number.isNaN(Date.parse(value))) return false;
  const day = Number(value.slice(8, 10));
  return day <= 28 || new Date(`${value.slice(0, 10)}T00:00:00Z`).getUTCDate() === day;
}

/** A usage event that is valid in itself; its key, account and price are looked up later. */
export interface ParsedEvent {
  readonly id: string;
  readonly apiKeyId: string | undefined;
  readonly apiKey: string | undefined;
  readonly model: string;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly occurredAt: Date;
  readonly batched: boolean;
  readonly holdId: string | null;
  readonly batchId: string | null;
  /** JSON text, or null. */
  readonly metadata: string | null;
  /** Set by the sender, where its token allows that. */
  readonly explicitCost: Nanos | undefined;
}

/** Why an event is not recorded, in words for whoever sent it. */
export interface Rejection {
  readonly code: RefusalCode;
  readonly detail: string;
}

/** Reads one event; a value that is not one comes back as a `Rejection` and never throws. */
export function parseEvent(input: unknown, now: Date, mayExplicitCost: boolean): ParsedEvent | Rejection {
  const parsed = read(input);
  if (parsed === undefined) return invalid('the event is nested too deeply');
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.join('.') || 'the event';
    return invalid(`${where}: ${issue?.message ?? 'not a usage event'}`);
  }
  const event = parsed.data;
  if ((event.apiKeyId === undefined) === (event.apiKey === undefined)) {
    return invalid('give either apiKeyId or apiKey, and not both');
  }
  if (event.cachedInputTokens + event.cacheWriteTokens > event.inputTokens) {
    return invalid('cachedInputTokens and cacheWriteTokens are parts of inputTokens and exceed it');
  }
  const occurredAt = new Date(event.occurredAt);
  const ageMs = now.getTime() - occurredAt.getTime();
  if (ageMs > OLDEST_MS)
    return { code: 'usage-too-old', detail: `occurredAt ${event.occurredAt} is over 35 days ago` };
  if (ageMs < -AHEAD_MS) {
    return { code: 'usage-ahead-of-time', detail: `occurredAt ${event.occurredAt} is over 5 minutes ahead` };
  }
  const explicitCost = event.cost === undefined ? undefined : readCost(event.cost, mayExplicitCost);
  if (typeof explicitCost === 'object') return explicitCost;
  return {
    id: event.id,
    apiKeyId: event.apiKeyId,
    apiKey: event.apiKey,
    model: event.model,
    inputTokens: event.inputTokens,
    cachedInputTokens: event.cachedInputTokens,
    cacheWriteTokens: event.cacheWriteTokens,
    outputTokens: event.outputTokens,
    occurredAt,
    batched: event.serviceTier === 'batch',
    holdId: event.holdId ?? null,
    batchId: event.batchId ?? null,
    metadata: event.metadata === undefined ? null : JSON.stringify(event.metadata),
    explicitCost,
  };
}

/** Values nested thousands of levels deep overflow the stack: that is one event's fault, never its request's. */
function read(input: unknown) {
  try {
    return usageEventSchema.safeParse(input);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** The names of all members, at every level. */
function namesOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const names = Array.isArray(value) ? [] : Object.keys(value);
  return [...names, ...Object.values(value).flatMap(namesOf)];
}

/** Whether parsing gave a reason instead of an event. */
export function isRejection(value: ParsedEvent | Rejection): value is Rejection {
  return 'code' in value;
}

function readCost(value: string, allowed: boolean): Nanos | Rejection {
  if (!allowed)
    return { code: 'cost-not-allowed', detail: 'this token may not set a cost: leave `cost` out' };
  try {
    const cost = parseDollars(value);
    return cost >= 0n && cost <= MOST_EVENT_COST
      ? cost
      : invalid('cost: must be between 0 and 1000000 dollars');
  } catch (error) {
    if (error instanceof Refusal) return invalid(`cost: ${error.message}`);
    throw error;
  }
}

function invalid(detail: string): Rejection {
  return { code: 'usage-invalid', detail };
}
