// Priced events: a parsed event with its key resolved and its cost known, or without a price yet.
import { costOf } from '../cost.ts';
import type { Nanos } from '../money.ts';
import { Refusal } from '../refusal.ts';
import type { ParsedEvent, Rejection } from './event.ts';
import type { KnownKey } from './key-directory.ts';
import type { PriceBook } from './price-book.ts';

const REVOKED_TOLERANCE_MS = 5 * 60_000;

/** An event ready to be recorded. `priceId` is null where the sender set the cost. */
export interface PricedEvent extends ParsedEvent {
  readonly key: KnownKey;
  readonly priceId: number | null;
  readonly cost: Nanos;
}

/** An event whose model had no price when it occurred: it waits, and is never free. */
export interface UnpricedEvent extends ParsedEvent {
  readonly key: KnownKey;
  readonly cost: undefined;
}

/** Resolves key and price of a parsed event; usage before a revocation still counts (five minutes' tolerance). */
export function priceEvent(
  event: ParsedEvent,
  key: KnownKey | undefined,
  book: PriceBook,
): PricedEvent | UnpricedEvent | Rejection {
  if (key === undefined) return { code: 'api-key-unknown', detail: 'no API key has this id or secret' };
  const occurredMs = event.occurredAt.getTime();
  if (key.revokedAt !== null && occurredMs > key.revokedAt.getTime() + REVOKED_TOLERANCE_MS) {
    return { code: 'api-key-revoked', detail: `the key was revoked at ${key.revokedAt.toISOString()}` };
  }
  if (key.expiresAt !== null && occurredMs > key.expiresAt.getTime() + REVOKED_TOLERANCE_MS) {
    return { code: 'api-key-expired', detail: `the key expired at ${key.expiresAt.toISOString()}` };
  }
  if (event.explicitCost !== undefined) return { ...event, key, priceId: null, cost: event.explicitCost };
  const version = book.priceAt(event.model, event.occurredAt);
  if (version === undefined) return { ...event, key, cost: undefined };
  try {
    return { ...event, key, priceId: version.id, cost: costOf(version.price, event) };
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, detail: error.message };
    throw error;
  }
}
