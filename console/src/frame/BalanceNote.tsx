// What the Balance button opens: the balance in words, and the ways to add to it.
import { Group, Popover, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { SchemaAccount } from '../api/schema.d.ts';
import type { Context } from '../contexts.ts';
import { RefusedNotice } from '../pages/billing/RefusedNotice.tsx';
import { refusalOf } from '../pages/billing/refusal.ts';
import { accountStates } from '../parts/account-state.ts';
import { ButtonLink } from '../parts/links.tsx';
import { Money } from '../parts/Money.tsx';
import { ShownBalance } from './BalanceButton.tsx';

interface BalanceNoteProps {
  readonly account: SchemaAccount;
  readonly context: Context;
}

export function BalanceNote({ account, context }: BalanceNoteProps) {
  const [isOpen, setOpen] = useState(false);
  // it opens once its button has the focus, so that the focus goes back there
  useEffect(() => setOpen(true), []);
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
        <ShownBalance account={account} autoFocus onClick={() => setOpen(!isOpen)} />
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Group justify="space-between">
            <Text size="sm" c="dimmed">
              Balance of {context.name}
            </Text>
            <Money amount={account.balance} fw={650} />
          </Group>
          {refusalOf(account) === undefined ? (
            <Text size="sm">{accountStates[account.state].says}</Text>
          ) : (
            <RefusedNotice account={account} context={context} />
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
  );
}
