// The Balance button: the live balance of the context and its state, one click from adding credit.
import { Badge, Button, ColorSwatch, Group, Popover, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { accountQuery } from '../api/queries.ts';
import type { Context } from '../context.ts';
import { RefusedNotice } from '../pages/billing/RefusedNotice.tsx';
import { isUntouched, refusalOf } from '../pages/billing/refusal.ts';
import { accountStates } from '../parts/account-state.ts';
import { ButtonLink } from '../parts/links.tsx';
import { Money } from '../parts/Money.tsx';
import { BalanceAnnouncer } from './BalanceAnnouncer.tsx';

export function BalanceButton({ context }: { readonly context: Context }) {
  const { data: account } = useQuery(accountQuery(context.accountId));
  const [isOpen, setOpen] = useState(false);
  if (account === undefined) return <Button variant="default" loading aria-label="Balance" />;
  const state = accountStates[account.state];
  const isRefused = refusalOf(account) !== undefined;
  const badge =
    state.badge !== undefined
      ? { says: state.badge, color: state.color }
      : isRefused && !isUntouched(account)
        ? { says: 'No credit', color: 'red' }
        : undefined;
  return (
    <>
      <BalanceAnnouncer key={context.accountId} account={account} />
      <Popover
        opened={isOpen}
        onChange={setOpen}
        position="bottom-end"
        width={300}
        trapFocus
        returnFocus
        shadow="md"
      >
        <Popover.Target>
          <Button
            variant="default"
            onClick={() => setOpen(!isOpen)}
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
          >
            <span className="sr-only">Balance: </span>
            <Money amount={account.balance} />
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <Stack gap="xs">
            <Group justify="space-between">
              <Text size="sm" c="dimmed">
                Balance of {context.name}
              </Text>
              <Money amount={account.balance} fw={650} />
            </Group>
            {isRefused ? (
              <RefusedNotice account={account} context={context} />
            ) : (
              <Text size="sm">{state.says}</Text>
            )}
            <ButtonLink
              to="/accounts/$context/billing"
              params={{ context: context.key }}
              search={{ add: true }}
              onClick={() => setOpen(false)}
            >
              + Add Credit to Balance
            </ButtonLink>
            <ButtonLink
              to="/accounts/$context/billing"
              params={{ context: context.key }}
              variant="subtle"
              onClick={() => setOpen(false)}
            >
              Billing
            </ButtonLink>
          </Stack>
        </Popover.Dropdown>
      </Popover>
    </>
  );
}
