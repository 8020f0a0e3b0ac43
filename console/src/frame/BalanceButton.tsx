// The Balance button: the live balance of the context and its state, one click from adding credit.
import { Badge, Button, ColorSwatch } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Suspense } from 'react';
import { accountQuery } from '../api/queries.ts';
import type { SchemaAccount } from '../api/schema.d.ts';
import type { Context } from '../contexts.ts';
import { isUntouched, refusalOf } from '../pages/billing/refusal.ts';
import { accountStates } from '../parts/account-state.ts';
import { lazyPart } from '../parts/load-part.ts';
import { Money } from '../parts/Money.tsx';
import { type ControlProps, useOpening } from '../parts/opening.ts';
import { BalanceAnnouncer } from './BalanceAnnouncer.tsx';

export const BalanceNote = lazyPart(async () => (await import('./BalanceNote.tsx')).BalanceNote);

export function BalanceButton({ context }: { readonly context: Context }) {
  const { data: account } = useQuery(accountQuery(context.accountId));
  const { isOpened, control } = useOpening(BalanceNote);
  if (account === undefined) return <Button variant="default" loading aria-label="Balance" />;
  return (
    <>
      <BalanceAnnouncer key={context.accountId} account={account} />
      {isOpened ? (
        <Suspense fallback={<ShownBalance account={account} />}>
          <BalanceNote account={account} context={context} />
        </Suspense>
      ) : (
        <ShownBalance account={account} aria-haspopup="dialog" aria-expanded={false} {...control} />
      )}
    </>
  );
}

/** The button itself, said in whole words to who cannot see it. */
export function ShownBalance({ account, ...control }: { readonly account: SchemaAccount } & ControlProps) {
  const state = accountStates[account.state];
  const badge =
    state.badge !== undefined
      ? { says: state.badge, color: state.color }
      : refusalOf(account) !== undefined && !isUntouched(account)
        ? { says: 'No credit', color: 'red' }
        : undefined;
  return (
    <Button
      variant="default"
      rightSection={
        badge && (
          <>
            <Badge size="sm" variant="light" color={badge.color} visibleFrom="xs" aria-hidden>
              {badge.says}
            </Badge>
            <ColorSwatch
              size={10}
              color={`var(--mantine-color-${badge.color}-6)`}
              hiddenFrom="xs"
              aria-hidden
            />
            <span className="sr-only">, {badge.says}</span>
          </>
        )
      }
      {...control}
    >
      <span className="sr-only">Balance: </span>
      <Money amount={account.balance} />
    </Button>
  );
}
