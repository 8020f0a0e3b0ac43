// Transactions as the API shows them: one line per usage event, one per credit entry; in JSON and in CSV.
import { z } from 'zod';
import { formatDollars } from '../ledger/money.ts';
import { type HistoryLine, transactionTypes } from '../ledger/reading/history-line.ts';
import { type CsvCell, textCell } from './csv.ts';
import { amount, named, timestamp, usageCounts } from './schemas.ts';

const usageTransaction = z
  .strictObject({
    id: z.string(),
    type: z.literal('usage'),
    occurredAt: timestamp,
    amount: amount.describe('Negative: what the usage took from the balance.'),
    recordedAt: timestamp,
    usageEventId: z.string().describe('The id that the gateway sent.'),
    member: named,
    apiKey: named,
    model: z.string(),
    ...usageCounts,
    batchId: z.string().nullable(),
    entrySeq: z.int().describe('The entry of the statement that this is, or will be, part of.'),
  })
  .meta({ id: 'UsageTransaction' });

const creditTransaction = z
  .strictObject({
    id: z.string(),
    type: z.enum(transactionTypes).exclude(['usage']),
    occurredAt: timestamp,
    amount: amount.describe('Signed: positive when credit was added.'),
    topUpId: z.uuid().optional(),
    mode: z.enum(['manual', 'auto']).optional().describe('Of top-ups.'),
    payer: named.optional().describe('The member whose card paid.'),
    reason: z.string().optional().describe('Of grants and adjustments.'),
    entrySeq: z.int(),
  })
  .meta({ id: 'CreditTransaction' });

export const transaction = z
  .discriminatedUnion('type', [usageTransaction, creditTransaction])
  .meta({ id: 'Transaction' });

/** A line of the history as JSON. */
export function shownTransaction(line: HistoryLine): z.input<typeof transaction> {
  const shared = {
    occurredAt: line.occurredAt.toISOString(),
    amount: formatDollars(line.amount),
    entrySeq: Number(line.entrySeq),
  };
  if (line.kind === 'usage') {
    return {
      id: `usage-${line.cursor.position}`,
      type: 'usage',
      ...shared,
      recordedAt: line.recordedAt.toISOString(),
      usageEventId: line.usageEventId,
      member: line.member,
      apiKey: line.apiKey,
      model: line.model,
      serviceTier: line.batched ? 'batch' : 'standard',
      inputTokens: line.inputTokens,
      cachedInputTokens: line.cachedInputTokens,
      cacheWriteTokens: line.cacheWriteTokens,
      outputTokens: line.outputTokens,
      batchId: line.batchId,
    };
  }
  return {
    id: `entry-${line.entrySeq}`,
    type: line.type,
    ...shared,
    ...(line.topUpId !== null && { topUpId: line.topUpId }),
    ...(line.mode !== null && { mode: line.mode }),
    ...(line.payer !== null && { payer: line.payer }),
    ...(line.reason !== null && { reason: line.reason }),
  };
}

export const CSV_COLUMNS = [
  'id',
  'type',
  'occurredAt',
  'amount',
  'usageEventId',
  'memberId',
  'memberName',
  'apiKeyId',
  'apiKeyName',
  'model',
  'serviceTier',
  'inputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'outputTokens',
  'batchId',
  'topUpId',
  'mode',
  'payerId',
  'payerName',
  'reason',
  'entrySeq',
  'recordedAt',
] as const;

/** A line of the history as a row of CSV, in the order of `CSV_COLUMNS`. */
export function csvRow(line: HistoryLine): CsvCell[] {
  const shown = shownTransaction(line);
  const cells: Partial<Record<(typeof CSV_COLUMNS)[number], string | number | null>> =
    shown.type === 'usage'
      ? {
          ...withoutObjects(shown),
          memberId: shown.member.id,
          memberName: textCell(shown.member.name),
          apiKeyId: shown.apiKey.id,
          apiKeyName: textCell(shown.apiKey.name),
          usageEventId: textCell(shown.usageEventId),
          model: textCell(shown.model),
          batchId: textCell(shown.batchId),
        }
      : {
          ...withoutObjects(shown),
          payerId: shown.payer?.id ?? '',
          payerName: textCell(shown.payer?.name),
          reason: textCell(shown.reason),
        };
  return CSV_COLUMNS.map((column) => cells[column] ?? '');
}

function withoutObjects(shown: object): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(shown).filter(([, value]) => typeof value === 'string' || typeof value === 'number'),
  );
}
