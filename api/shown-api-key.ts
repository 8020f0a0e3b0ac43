// API keys as the HTTP API shows them: never a secret, but for the one answer that made it.
import { z } from 'zod';
import { formatDollars } from '../ledger/money.ts';
import type { ApiKey } from '../ledger/reading/api-keys.ts';
import { displayName } from './names.ts';
import { Problem } from './problem.ts';
import { amount, pageOf, timestamp } from './schemas.ts';

export const apiKeyStates = ['active', 'expired', 'revoked'] as const;

export const apiKeySchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().describe('The beginning of the secret, to recognise it by.'),
    member: z.strictObject({ id: z.uuid(), name: z.string() }).describe('Who answers for it.'),
    state: z.enum(apiKeyStates),
    createdAt: timestamp,
    expiresAt: timestamp.nullable().describe('Until when it works; null: for ever.'),
    revokedAt: timestamp.nullable(),
    rotatedAt: timestamp.nullable().describe('When its secret was last replaced.'),
    replacedSecretsEndAt: timestamp
      .nullable()
      .describe('Until when a secret works that was replaced; null when none does.'),
    lastUsedAt: timestamp.nullable().describe('When its newest usage occurred.'),
    spentThisMonth: amount.describe('What was recorded of it in this month (UTC), in dollars.'),
  })
  .meta({ id: 'ApiKey' });

export const newApiKeySchema = z
  .strictObject({
    ...apiKeySchema.shape,
    secret: z
      .string()
      .nullable()
      .describe('Shown this once: only a hash of it is kept. Null in the answer to a repetition.'),
  })
  .meta({ id: 'NewApiKey' });

export const apiKeyListSchema = pageOf(apiKeySchema, 'ApiKeyList');

const keyTime = z.iso.datetime({ offset: true });

export const apiKeyRequest = z
  .strictObject({
    name: displayName,
    expiresAt: keyTime.describe('Until when the key works; for ever when left out.').optional(),
    memberId: z
      .uuid()
      .describe('Whose key it is: a program names a current member, a person leaves it out.')
      .optional(),
  })
  .meta({ id: 'ApiKeyRequest' });

export const apiKeyChange = z
  .strictObject({
    name: displayName.optional(),
    expiresAt: keyTime
      .nullable()
      .describe('Until when the key works from now on; null: for ever.')
      .optional(),
  })
  .refine(({ name, expiresAt }) => name !== undefined || expiresAt !== undefined, {
    error: 'Say what to change: name, expiresAt or both.',
  })
  .meta({ id: 'ApiKeyChange' });

/** A time that a caller gave as an end, in the field `expiresAt`; refuses one that is over. */
export function futureTime(text: string, now: Date): Date {
  const time = new Date(text);
  if (time > now) return time;
  throw invalidField('/expiresAt', 'expiresAt must lie in the future.');
}

/** The problem of one field of a body. */
export function invalidField(pointer: string, detail: string): Problem {
  return new Problem('request-invalid', detail, { errors: [{ pointer, detail }] });
}

export function shownApiKey(key: ApiKey): z.input<typeof apiKeySchema> {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    member: { id: key.memberId, name: key.memberName },
    state: key.state,
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
    rotatedAt: key.rotatedAt?.toISOString() ?? null,
    replacedSecretsEndAt: key.replacedSecretsEndAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    spentThisMonth: formatDollars(key.spentThisMonth),
  };
}
