// The balance as a screen reader hears it: what it has become, politely, and not with every request.
import { useThrottledValue } from '@mantine/hooks';
import { useState } from 'react';
import type { SchemaAccount } from '../api/schema.d.ts';
import { spokenMoney } from '../money.ts';
import { accountStates } from '../parts/account-state.ts';

const EVERY_MS = 10_000;

/** Says a change of the balance or its state at most every ten seconds, and never the first one it finds. */
export function BalanceAnnouncer({ account }: { readonly account: SchemaAccount }) {
  const { badge } = accountStates[account.state];
  const now = `Balance: ${spokenMoney(account.balance)}${badge === undefined ? '' : `, ${badge.toLowerCase()}`}`;
  const [found] = useState(now);
  const [hasChanged, setChanged] = useState(false);
  const said = useThrottledValue(now, EVERY_MS);
  if (!hasChanged && said !== found) setChanged(true);
  return (
    <span className="sr-only" role="status">
      {hasChanged && said}
    </span>
  );
}
