// Where in the console a payer is sent after a hosted page: only ever a path of our own, made of what our rows say.

import type { Pool } from '../ledger/database.ts';
import type { TopUp } from '../ledger/payments/top-ups.ts';
import { findAccountContext } from '../ledger/reading/account-context.ts';
import type { Principal } from './principal.ts';

/** The console's name for a person's own account; no organization's slug can be it. */
const PERSONAL = '@me';

/** The page on which a top-up's payer sees what became of it; `undefined` for everybody else, and for who left since. */
export async function payersAddress(
  pool: Pool,
  topUp: TopUp,
  principal: Principal | undefined,
  more: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  if (principal?.kind !== 'person' || principal.personId !== topUp.payer.id) return undefined;
  const { accountId } = topUp;
  const context = await findAccountContext(pool, { accountId, personId: principal.personId });
  if (context === undefined) return undefined;
  const search = new URLSearchParams({ topUp: topUp.id, ...more });
  return `/accounts/${encodeURIComponent(context.slug ?? PERSONAL).replace('%40', '@')}/billing?${search}`;
}

/** Where a person is who saved a card, or did not: the console goes on to the account they were looking at. */
export const cardAddress = (isSaved: boolean) => `/?cardSaved=${isSaved}`;
