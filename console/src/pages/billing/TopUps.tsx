// Top-ups: who paid how much, when, and how it went; never a card.
import { Badge, Paper, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { topUpsQuery } from '../../api/queries.ts';
import { Money } from '../../parts/Money.tsx';
import { QueryState } from '../../parts/QueryState.tsx';
import { ShowMore } from '../../parts/ShowMore.tsx';
import { topUpModes, topUpStates } from '../../parts/top-up-text.ts';
import { When } from '../../parts/When.tsx';
import classes from './TopUps.module.css';

interface TopUpsProps {
  readonly accountId: string;
  readonly onOpen: (topUpId: string) => void;
}

export function TopUps({ accountId, onOpen }: TopUpsProps) {
  const query = useInfiniteQuery(topUpsQuery(accountId));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Paper component="section" aria-labelledby="top-ups">
      <Title id="top-ups" order={2} size="h4" mb="sm">
        Top-ups
      </Title>
      <QueryState query={query} />
      {query.isSuccess && items.length === 0 && (
        <Text c="dimmed" size="sm">
          Nobody has added credit yet. The first top-up shows up here within a second.
        </Text>
      )}
      <ul className={classes.list}>
        {items.map((topUp) => (
          <li key={topUp.id} className={classes.line}>
            <UnstyledButton className={classes.button} onClick={() => onOpen(topUp.id)}>
              <Stack gap={0} className={classes.what}>
                <Text size="sm" fw={550} truncate>
                  {topUp.payer.name ?? 'Former member'}
                </Text>
                <Text size="xs" c="dimmed">
                  {topUpModes[topUp.mode]} · <When at={topUp.paidAt ?? topUp.createdAt} withTime />
                </Text>
              </Stack>
              <span className={classes['outcome']}>
                {topUp.state !== 'paid' && (
                  <Badge variant="light" color={topUpStates[topUp.state].color}>
                    {topUpStates[topUp.state].label}
                  </Badge>
                )}
                <Money
                  amount={topUp.amount}
                  signed={topUp.state === 'paid'}
                  {...(topUp.state === 'not-completed' && { c: 'dimmed', td: 'line-through' })}
                  fz="sm"
                  fw={550}
                />
              </span>
            </UnstyledButton>
          </li>
        ))}
      </ul>
      <ShowMore query={query} />
    </Paper>
  );
}
