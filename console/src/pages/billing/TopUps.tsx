// Top-ups: who paid how much, when, and how it went; never a card.
import { Badge, Button, Group, Paper, Table, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { topUpsQuery } from '../../api/queries.ts';
import type { SchemaTopUp } from '../../api/schema.d.ts';
import { Money } from '../../parts/Money.tsx';
import { QueryState } from '../../parts/QueryState.tsx';
import { When } from '../../parts/When.tsx';

const STATES: Record<SchemaTopUp['state'], { label: string; color: string }> = {
  open: { label: 'Open', color: 'gray' },
  processing: { label: 'Under way', color: 'blue' },
  paid: { label: 'Paid', color: 'teal' },
  'not-completed': { label: 'Not completed', color: 'gray' },
};

export function TopUps({ accountId }: { readonly accountId: string }) {
  const query = useInfiniteQuery(topUpsQuery(accountId));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Paper component="section" aria-labelledby="top-ups">
      <Title id="top-ups" order={2} size="h4" mb="sm">
        Top-ups
      </Title>
      <QueryState query={query} />
      {query.isSuccess && items.length === 0 && (
        <Text c="dimmed">Nobody has added credit yet. The first top-up shows up here within a second.</Text>
      )}
      {items.length > 0 && (
        <Table.ScrollContainer minWidth={520}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>When</Table.Th>
                <Table.Th>Paid by</Table.Th>
                <Table.Th>How</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th ta="right">Amount</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((topUp) => (
                <Table.Tr key={topUp.id}>
                  <Table.Td>
                    <When at={topUp.paidAt ?? topUp.createdAt} withTime />
                  </Table.Td>
                  <Table.Td>{topUp.payer.name ?? 'Former member'}</Table.Td>
                  <Table.Td>{topUp.mode === 'auto' ? 'Auto top-up' : 'By hand'}</Table.Td>
                  <Table.Td>
                    <Group gap="xs" wrap="nowrap">
                      <Badge variant="light" color={STATES[topUp.state].color}>
                        {STATES[topUp.state].label}
                      </Badge>
                      {topUp.checkoutUrl !== null && (
                        <Button component="a" href={topUp.checkoutUrl} size="compact-xs" variant="subtle">
                          Pay
                        </Button>
                      )}
                    </Group>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Money amount={topUp.amount} signed={topUp.state === 'paid'} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {query.hasNextPage && (
        <Button
          variant="subtle"
          mt="sm"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Show more
        </Button>
      )}
    </Paper>
  );
}
