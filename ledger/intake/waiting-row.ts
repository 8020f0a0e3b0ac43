// A row of unpriced usage: read back as the event it was, priced, and shown as it was sent.
import type { ParsedEvent, Rejection } from './event.ts';
import type { PriceBook } from './price-book.ts';
import { type PricedEvent, priceEvent, type UnpricedEvent } from './priced-event.ts';

export interface WaitingRow {
  account_id: string;
  id: string;
  member_id: string;
  api_key_id: string;
  model: string;
  batched: boolean;
  input_tokens: number;
  cached_input_tokens: number;
  cache_write_tokens: number;
  output_tokens: number;
  occurred_at: Date;
  hold_id: string | null;
  batch_id: string | null;
  metadata: string | null;
}

/** Prices what waited, or says why it never can be. */
export function pricedFrom(row: WaitingRow, book: PriceBook): PricedEvent | UnpricedEvent | Rejection {
  // it was accepted when it came: a key revoked since does not make it free, nor one handed over somebody else's
  const key = {
    id: row.api_key_id,
    accountId: row.account_id,
    holders: [{ memberId: row.member_id, since: row.occurred_at }],
    expiresAt: null,
    revokedAt: null,
    secretEndsAt: null,
  };
  return priceEvent(parsedFrom(row), key, book);
}

/** The event as it was accepted. */
export function parsedFrom(row: WaitingRow): ParsedEvent {
  return {
    id: row.id,
    apiKeyId: row.api_key_id,
    apiKey: undefined,
    model: row.model,
    inputTokens: row.input_tokens,
    cachedInputTokens: row.cached_input_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    outputTokens: row.output_tokens,
    occurredAt: row.occurred_at,
    batched: row.batched,
    holdId: row.hold_id,
    batchId: row.batch_id,
    metadata: row.metadata,
    explicitCost: undefined,
  };
}

/** In the form of the API; what may be long comes last, because what is kept is shortened. */
export function asSent(event: ParsedEvent): unknown {
  const { id, apiKeyId, model, inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens } = event;
  return {
    id,
    apiKeyId,
    model,
    inputTokens,
    cachedInputTokens,
    cacheWriteTokens,
    outputTokens,
    occurredAt: event.occurredAt.toISOString(),
    serviceTier: event.batched ? 'batch' : 'standard',
    holdId: event.holdId,
    batchId: event.batchId,
    metadata: event.metadata,
  };
}
