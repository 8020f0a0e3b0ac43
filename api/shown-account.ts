// Accounts as the API shows them.
import { z } from 'zod';
import { formatDollars } from '../ledger/money.ts';
import { type AccountReading, accountStates, autoTopUpStandings } from '../ledger/reading/accounts.ts';
import { amount } from './schemas.ts';

export const account = z
  .strictObject({
    id: z.uuid(),
    owner: z.strictObject({
      type: z.enum(['organization', 'person']),
      id: z.uuid(),
      name: z.string().nullable(),
    }),
    currency: z.string(),
    balance: amount.describe(
      'posted + pending: what has been paid in less what has been used, at this moment.',
    ),
    posted: amount.describe('The balance after the newest entry.'),
    pending: amount.describe('Usage and credit that no entry holds yet.'),
    held: amount.describe('Reserved for work in progress.'),
    available: amount.describe('balance − held.'),
    state: z.enum(accountStates),
    autoTopUp: z
      .enum(autoTopUpStandings)
      .describe('Whether there is a rule of auto top-up, and whether it works.'),
  })
  .meta({ id: 'Account' });

/** An account as the API shows it. */
export function shownAccount(reading: AccountReading): z.input<typeof account> {
  return {
    id: reading.id,
    owner: reading.owner,
    currency: reading.currency,
    balance: formatDollars(reading.balance),
    posted: formatDollars(reading.posted),
    pending: formatDollars(reading.pending),
    held: formatDollars(reading.held),
    available: formatDollars(reading.available),
    state: reading.state,
    autoTopUp: reading.autoTopUp,
  };
}
