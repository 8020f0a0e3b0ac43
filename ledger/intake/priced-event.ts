// Priced events: a parsed event with its key resolved and its cost known, or without a price yet.
import { costOf } from '../cost.ts';
import type { Nanos } from '../money.ts';
import { Refusal } from '../refusal.ts';
import type { ParsedEvent, Rejection } from './event.ts';
import type { KnownKey } from './key-directory.ts';
import { holderAt, whyRejected } from './key-state.ts';
import type { PriceBook } from './price-book.ts';

/** What is known of an event once its key is: who pays, and who answers for it. */
interface Attributed extends ParsedEvent {
  readonly key: KnownKey;
  readonly memberId: string;
}

/** An event ready to be recorded. `priceId` is null where the sender set the cost. */
export interface PricedEvent extends Attributed {
  readonly priceId: number | null;
  readonly cost: Nanos;
}

/** An event whose model had no price when it occurred: it waits, and is never free. */
export interface UnpricedEvent extends Attributed {
  readonly cost: undefined;
}

/** Resolves key, member and price of a parsed event, all by when it occurred. */
export function priceEvent(
  event: ParsedEvent,
  key: KnownKey | undefined,
  book: PriceBook,
): PricedEvent | UnpricedEvent | Rejection {
  if (key === undefined) return { code: 'api-key-unknown', detail: 'no API key has this id or secret' };
  const rejection = whyRejected(key, event.occurredAt);
  if (rejection !== undefined) return rejection;
  const memberId = holderAt(key, event.occurredAt);
  if (event.explicitCost !== undefined) {
    return { ...event, key, memberId, priceId: null, cost: event.explicitCost };
  }
  const version = book.priceAt(event.model, event.occurredAt);
  if (version === undefined) return { ...event, key, memberId, cost: undefined };
  try {
    return { ...event, key, memberId, priceId: version.id, cost: costOf(version.price, event) };
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, detail: error.message };
    throw error;
  }
}
