// When new requests are refused: why, what helps, and who can act; never a word about a card.
import { Alert, List, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { stewardsQuery } from '../../api/queries/billing.ts';
import { autoTopUpQuery } from '../../api/queries.ts';
import type { SchemaAccount } from '../../api/schema.d.ts';
import type { Context } from '../../context.ts';
import { isPositive } from '../../money.ts';
import { inWords } from './people-text.ts';

interface RefusedNoticeProps {
  readonly account: SchemaAccount;
  readonly context: Context;
}

export function RefusedNotice({ account, context }: RefusedNoticeProps) {
  const why = reasonOf(account);
  if (why === undefined) return null;
  return (
    <Alert color="red" mt="lg" title="New requests are refused" role="status">
      <Text size="sm">{why}</Text>
      {account.state !== 'frozen' && account.state !== 'closed' && (
        <WhatHelps context={context} isOnTheWay={account.state === 'topping_up'} />
      )}
    </Alert>
  );
}

function reasonOf({ state, available, balance }: SchemaAccount): string | undefined {
  if (state === 'frozen')
    return 'The operator has frozen this account. Support can say why and open it again.';
  if (state === 'closed') return 'This account is closed for good. Use another one.';
  if (isPositive(available)) return undefined;
  return isPositive(balance)
    ? 'All the credit that is left is held for requests under way.'
    : 'There is no credit left.';
}

function WhatHelps({ context, isOnTheWay }: { readonly context: Context; readonly isOnTheWay: boolean }) {
  const { organizationId, accountId } = context;
  const rule = useQuery(autoTopUpQuery(accountId));
  const stewards = useQuery({
    ...stewardsQuery(organizationId ?? ''),
    enabled: organizationId !== undefined,
  });
  const names = stewards.data?.map(({ name }) => name) ?? [];
  return (
    <List size="sm" mt="xs" spacing={4}>
      {isOnTheWay && (
        <List.Item>A top-up is under way. Requests go through again as soon as it is paid.</List.Item>
      )}
      <List.Item>
        {organizationId === undefined
          ? 'Add credit.'
          : 'Add credit: every member can, with a card of their own.'}
      </List.Item>
      {organizationId !== undefined && names.length > 0 && rule.data?.state !== 'enabled' && (
        <List.Item>
          {rule.data === null ? 'Switch auto top-up on' : 'Let auto top-up go on'}: {inWords(names, 'or')}{' '}
          can.
        </List.Item>
      )}
    </List>
  );
}
