// Usage events as a gateway would report them, made up: token counts vary, ids are UUIDv7.
import { v7 as uuidv7 } from 'uuid';
import type { KnownKey } from '../ledger/intake/key-directory.ts';
import { holderAt } from '../ledger/intake/key-state.ts';
import type { PricedEvent } from '../ledger/intake/priced-event.ts';
import { nanosFromString } from '../ledger/money.ts';

export const BENCH_MODEL = 'bench-model';

/** `count` priced events, taking the keys in turn. */
export function sampleEvents(count: number, keys: readonly KnownKey[]): PricedEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const key = keys[index % keys.length];
    if (key === undefined) throw new RangeError('sample events need a key');
    const inputTokens = 500 + ((index * 37) % 1500);
    const outputTokens = 20 + ((index * 13) % 400);
    const occurredAt = new Date();
    return {
      id: uuidv7(),
      apiKeyId: key.id,
      apiKey: undefined,
      model: BENCH_MODEL,
      inputTokens,
      cachedInputTokens: 0,
      cacheWriteTokens: 0,
      outputTokens,
      occurredAt,
      batched: false,
      holdId: null,
      batchId: null,
      metadata: null,
      explicitCost: undefined,
      key,
      memberId: holderAt(key, occurredAt),
      priceId: 1,
      cost: nanosFromString(String(150 * inputTokens + 600 * outputTokens)),
    };
  });
}
