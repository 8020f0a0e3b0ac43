// History lines: one usage event or one credit entry, as the history's statement returns them.
import { type Nanos, nanosFromString } from '../money.ts';
import type { Mention, Named, NamesThen } from './names.ts';

/** Where a page ends. Usage events stand at their position with seq 0, an entry behind the last event before it. */
export interface HistoryCursor {
  readonly position: bigint;
  readonly seq: bigint;
}

export const transactionTypes = ['usage', 'top-up', 'refund', 'dispute', 'grant', 'adjustment'] as const;

export type TransactionType = (typeof transactionTypes)[number];

export interface UsageLine {
  readonly kind: 'usage';
  readonly cursor: HistoryCursor;
  readonly usageEventId: string;
  readonly amount: Nanos;
  readonly occurredAt: Date;
  readonly recordedAt: Date;
  /** Names as they were when it occurred. */
  readonly member: Named;
  readonly apiKey: Named;
  readonly model: string;
  readonly batched: boolean;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly batchId: string | null;
  /** The seq of the entry that it is or will be part of. */
  readonly entrySeq: bigint;
}

export interface CreditLine {
  readonly kind: 'credit';
  readonly cursor: HistoryCursor;
  readonly type: Exclude<TransactionType, 'usage'>;
  readonly amount: Nanos;
  readonly occurredAt: Date;
  readonly entrySeq: bigint;
  readonly topUpId: string | null;
  readonly mode: 'manual' | 'auto' | null;
  readonly payer: Named | null;
  readonly reason: string | null;
}

export type HistoryLine = UsageLine | CreditLine;

/** What the history's statement returns, for a usage event or an entry. */
export interface HistoryRow {
  type: string;
  position: string;
  seq: string;
  amount: string;
  occurred_at: Date;
  recorded_at: Date;
  entry_seq: string;
  usage_event_id: string | null;
  person_id: string | null;
  api_key_id: string | null;
  model: string | null;
  batched: boolean | null;
  input_tokens: number | null;
  cached_input_tokens: number | null;
  cache_write_tokens: number | null;
  output_tokens: number | null;
  batch_id: string | null;
  top_up_id: string | null;
  mode: string | null;
  reason: string | null;
}

/** Where the line of a row stands. */
export function cursorOf(row: HistoryRow): HistoryCursor {
  return { position: BigInt(row.position), seq: BigInt(row.seq) };
}

/** Whose names the line of a row needs, and of when. */
export function mentionsOf(row: HistoryRow): Mention[] {
  return [row.person_id, row.api_key_id]
    .filter((id) => id !== null)
    .map((id) => ({ id, at: row.occurred_at }));
}

/** The line of a row. */
export function fromRow(row: HistoryRow, names: NamesThen): HistoryLine {
  const shared = {
    cursor: cursorOf(row),
    amount: nanosFromString(row.amount),
    occurredAt: row.occurred_at,
    entrySeq: BigInt(row.entry_seq),
  };
  if (row.type === 'usage') {
    return {
      ...shared,
      kind: 'usage',
      usageEventId: row.usage_event_id ?? '',
      recordedAt: row.recorded_at,
      member: names.named(row.person_id ?? '', row.occurred_at),
      apiKey: names.named(row.api_key_id ?? '', row.occurred_at),
      model: row.model ?? '',
      batched: row.batched ?? false,
      inputTokens: row.input_tokens ?? 0,
      cachedInputTokens: row.cached_input_tokens ?? 0,
      cacheWriteTokens: row.cache_write_tokens ?? 0,
      outputTokens: row.output_tokens ?? 0,
      batchId: row.batch_id,
    };
  }
  return {
    ...shared,
    kind: 'credit',
    type: creditType(row.type),
    topUpId: row.top_up_id,
    mode: row.mode === 'manual' || row.mode === 'auto' ? row.mode : null,
    payer: row.person_id === null ? null : names.named(row.person_id, row.occurred_at),
    reason: row.reason,
  };
}

/** The word for an entry in a history: what is reversed is told by the sign. */
export function creditType(entryType: string): CreditLine['type'] {
  switch (entryType) {
    case 'refund-reversed':
      return 'refund';
    case 'dispute-reinstated':
      return 'dispute';
    case 'top-up':
    case 'refund':
    case 'dispute':
    case 'grant':
    case 'adjustment':
      return entryType;
    default:
      throw new Error(`a history has no entries of type ${entryType}`);
  }
}
