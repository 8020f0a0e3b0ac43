// Entries of a statement as the API shows them, in JSON and in CSV.
import { z } from 'zod';
import { formatDollars } from '../ledger/money.ts';
import { entryTypes, type StatementEntry } from '../ledger/reading/statement.ts';
import { type CsvCell, textCell } from './csv.ts';
import { amount, named, timestamp } from './schemas.ts';

export const entry = z
  .strictObject({
    seq: z.int().describe('Without gaps, from 1.'),
    type: z.enum(entryTypes),
    postedAt: timestamp,
    amount: amount.describe('Signed: what the entry did to the balance.'),
    balanceAfter: amount,
    eventCount: z.int().optional().describe('How many usage events a usage entry sums.'),
    topUpId: z.uuid().optional(),
    mode: z.enum(['manual', 'auto']).optional(),
    payer: named.optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'Entry' });

/** An entry as JSON. */
export function shownEntry(read: StatementEntry): z.input<typeof entry> {
  return {
    seq: Number(read.seq),
    type: read.type,
    postedAt: read.postedAt.toISOString(),
    amount: formatDollars(read.amount),
    balanceAfter: formatDollars(read.balanceAfter),
    ...(read.type === 'usage' && { eventCount: read.eventCount }),
    ...(read.topUpId !== null && { topUpId: read.topUpId }),
    ...((read.mode === 'manual' || read.mode === 'auto') && { mode: read.mode }),
    ...(read.payer !== null && { payer: read.payer }),
    ...(read.reason !== null && { reason: read.reason }),
  };
}

export const ENTRY_COLUMNS = [
  'seq',
  'type',
  'postedAt',
  'amount',
  'balanceAfter',
  'eventCount',
  'topUpId',
  'mode',
  'payerId',
  'payerName',
  'reason',
] as const;

/** An entry as a row of CSV, in the order of `ENTRY_COLUMNS`. */
export function entryRow(read: StatementEntry): CsvCell[] {
  const { seq, type, postedAt, amount, balanceAfter, ...shown } = shownEntry(read);
  return [
    seq,
    type,
    postedAt,
    amount,
    balanceAfter,
    shown.eventCount ?? '',
    shown.topUpId ?? '',
    shown.mode ?? '',
    shown.payer?.id ?? '',
    textCell(shown.payer?.name),
    textCell(shown.reason),
  ];
}
