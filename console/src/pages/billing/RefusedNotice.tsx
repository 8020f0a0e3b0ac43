// When new requests may be refused: why, what helps, and who can act; never a word about a card.
import { Alert, List, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { stewardsQuery } from '../../api/queries/billing.ts';
import { autoTopUpQuery, meQuery } from '../../api/queries.ts';
import type { SchemaAccount } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { inWords } from './people-text.ts';
import { isUntouched, refusalOf } from './refusal.ts';

interface RefusedNoticeProps {
  readonly account: SchemaAccount;
  readonly context: Context;
}

export function RefusedNotice({ account, context }: RefusedNoticeProps) {
  const why = refusalOf(account);
  if (why === undefined) return null;
  const isNew = isUntouched(account);
  return (
    <Alert
      color={isNew ? 'blue' : 'red'}
      title={isNew ? 'Requests need credit first' : 'New requests may be refused'}
      role="status"
    >
      {!isNew && <Text size="sm">{why}</Text>}
      {account.state !== 'frozen' && account.state !== 'closed' && (
        <WhatHelps context={context} isOnTheWay={account.state === 'topping_up'} />
      )}
    </Alert>
  );
}

function WhatHelps({ context, isOnTheWay }: { readonly context: Context; readonly isOnTheWay: boolean }) {
  const { organizationId, accountId } = context;
  const { data: me } = useQuery(meQuery);
  const rule = useQuery(autoTopUpQuery(accountId));
  const stewards = useQuery({
    ...stewardsQuery(organizationId ?? ''),
    enabled: organizationId !== undefined,
  });
  const names = stewards.data?.map(({ id, name }) => (id === me?.id ? 'you' : name)) ?? [];
  const ways = [
    ...(isOnTheWay ? ['A top-up is under way. Requests go through again as soon as it is paid.'] : []),
    organizationId === undefined
      ? 'Add credit, or set up auto top-up.'
      : 'Add credit: every member can, with a card of their own.',
    ...(names.length > 0 && rule.data?.state !== 'enabled'
      ? [
          `${rule.data === null ? 'Switch auto top-up on' : 'Let auto top-up go on'}: ${inWords(names, 'or')} can.`,
        ]
      : []),
  ];
  if (ways.length === 1) return <Text size="sm">{ways[0]}</Text>;
  return (
    <List size="sm" mt="xs" spacing={4}>
      {ways.map((way) => (
        <List.Item key={way}>{way}</List.Item>
      ))}
    </List>
  );
}
