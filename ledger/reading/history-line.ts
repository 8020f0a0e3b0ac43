// History lines: one usage event or one credit entry, as the history's statement returns them.
import { type Nanos, nanosFromString } from '../money.ts';

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
  readonly member: { readonly id: string; readonly name: string | null };
  readonly apiKey: { readonly id: string; readonly name: string | null };
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
  readonly payer: { readonly id: string; readonly name: string | null } | null;
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
  person_name: string | null;
  api_key_id: string | null;
  api_key_name: string | null;
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

/** The line of a row. */
export function fromRow(row: HistoryRow): HistoryLine {
  const shared = {
    cursor: { position: BigInt(row.position), seq: BigInt(row.seq) },
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
      member: { id: row.person_id ?? '', name: row.person_name },
      apiKey: { id: row.api_key_id ?? '', name: row.api_key_name },
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
    payer: row.person_id === null ? null : { id: row.person_id, name: row.person_name },
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
