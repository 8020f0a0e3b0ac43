// The Balance button: the live balance of the context and its state, one click from adding credit.
import { Badge, Button, Group, Popover, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { accountQuery } from '../api/queries.ts';
import type { Context } from '../context.ts';
import { accountStates } from '../parts/account-state.ts';
import { ButtonLink } from '../parts/links.tsx';
import { Money } from '../parts/Money.tsx';

export function BalanceButton({ context }: { readonly context: Context }) {
  const { data: account } = useQuery(accountQuery(context.accountId));
  const [isOpen, setOpen] = useState(false);
  if (account === undefined) return <Button variant="default" loading aria-label="Balance" />;
  const state = accountStates[account.state];
  return (
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
            state.badge && (
              <Badge size="sm" variant="light" color={state.color}>
                {state.badge}
              </Badge>
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
          <Text size="sm">{state.says}</Text>
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
  );
}
