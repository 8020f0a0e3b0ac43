// Who contributed how much: for expense claims, as a table and as a file.
import { Button, Group, Paper, SegmentedControl, Table, Text, Title } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type ContributionFilter, contributionsQuery } from '../../api/queries/billing.ts';
import type { SchemaContribution } from '../../api/schema.d.ts';
import { csvAddress } from '../../parts/csv-address.ts';
import { dayOf, longDay } from '../../parts/days.ts';
import { Money } from '../../parts/Money.tsx';
import { QueryState } from '../../parts/QueryState.tsx';

const PERIODS = [
  { value: 'all', label: 'All time' },
  { value: 'this', label: 'This month' },
  { value: 'last', label: 'Last month' },
];

export function Contributions({ accountId }: { readonly accountId: string }) {
  const [period, setPeriod] = useState('all');
  const filter = filterOf(period);
  const query = useQuery({ ...contributionsQuery(accountId, filter), placeholderData: keepPreviousData });
  const items = query.data?.items ?? [];
  return (
    <Paper component="section" aria-labelledby="contributions">
      <Group justify="space-between" mb="sm">
        <Title id="contributions" order={2} size="h4">
          Who contributed
        </Title>
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="Period, by UTC months"
            data={PERIODS}
            value={period}
            onChange={setPeriod}
          />
          <Button
            component="a"
            href={csvAddress(accountId, 'contributions', filter)}
            download
            size="xs"
            variant="default"
            leftSection={<IconDownload size={14} aria-hidden />}
          >
            CSV
          </Button>
        </Group>
      </Group>
      <QueryState query={query} />
      {query.isSuccess && items.length === 0 && (
        <Text c="dimmed" size="sm">
          {period === 'all'
            ? 'Nobody has paid anything yet. Whoever adds credit stands here, with all that they paid.'
            : 'Nobody paid anything in this month.'}
        </Text>
      )}
      {items.length > 0 && (
        <Table.ScrollContainer minWidth={280}>
          <Table aria-labelledby="contributions">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Paid by</Table.Th>
                <Table.Th ta="right">In all</Table.Th>
                <Table.Th ta="right">By hand</Table.Th>
                <Table.Th ta="right">Auto top-up</Table.Th>
                <Table.Th visibleFrom="xs">First (UTC day)</Table.Th>
                <Table.Th visibleFrom="xs">Last (UTC day)</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((item) => (
                <Line key={item.payer.id} item={item} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Paper>
  );
}

function Line({
  item: { payer, manual, auto, total, firstAt, lastAt },
}: {
  readonly item: SchemaContribution;
}) {
  return (
    <Table.Tr>
      <Table.Td>{payer.name ?? 'Former member'}</Table.Td>
      <Table.Td ta="right">
        <Money amount={total} fw={600} />
      </Table.Td>
      <Part {...manual} />
      <Part {...auto} />
      <Table.Td visibleFrom="xs">{longDay(dayOf(new Date(firstAt)))}</Table.Td>
      <Table.Td visibleFrom="xs">{longDay(dayOf(new Date(lastAt)))}</Table.Td>
    </Table.Tr>
  );
}

function Part({ count, total }: SchemaContribution['manual']) {
  return (
    <Table.Td ta="right">
      {count === 0 ? (
        <Text span c="dimmed" size="sm">
          none
        </Text>
      ) : (
        <>
          <Money amount={total} />
          <Text size="xs" c="dimmed">
            {count} {count === 1 ? 'top-up' : 'top-ups'}
          </Text>
        </>
      )}
    </Table.Td>
  );
}

/** A period as the API takes it: UTC months. */
function filterOf(period: string): ContributionFilter {
  const now = new Date();
  const month = (back: number) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back)).toISOString().slice(0, 10);
  if (period === 'this') return { from: month(0) };
  return period === 'last' ? { from: month(1), to: month(0) } : {};
}
