// Spend by day as a table: every member, key or model of every day, also those that the chart draws as one.
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ProblemError } from '../../api/problem.ts';
import { type UsageFilter, usageQuery } from '../../api/queries/usage.ts';
import type { SchemaUsageSum } from '../../api/schema.d.ts';
import { Money } from '../../parts/Money.tsx';
import { QueryState } from '../../parts/QueryState.tsx';
import { SumTable, type TableColumn } from './SumTable.tsx';
import { type Group as By, namesOf } from './stacks.ts';

interface SpendTableProps {
  readonly accountId: string;
  readonly by: By;
  readonly filter: UsageFilter;
  /** The sums of the chart, which stand for all where all are too many for a page. */
  readonly few: readonly SchemaUsageSum[];
}

export function SpendTable({ accountId, by, filter, few }: SpendTableProps) {
  const query = useQuery(usageQuery(accountId, { ...filter, groupBy: `day,${by}` }));
  const isTooMuch = query.error instanceof ProblemError && query.error.code === 'request-invalid';
  if (query.data === undefined && !isTooMuch) return <QueryState query={query} lines={8} />;
  const sums = isTooMuch ? few : (query.data?.items ?? []);
  return (
    <>
      {isTooMuch && (
        <Text size="sm" mb="xs">
          There are too many lines for a page: here are those that cost most, the CSV has them all.
        </Text>
      )}
      <SumTable label="Spend by day" columns={columnsOf(by, namesOf(sums, by))} lines={sums} />
    </>
  );
}

const COUNT = new Intl.NumberFormat('en-US');

const TITLES: Record<By, string> = { member: 'Member', apiKey: 'API key', model: 'Model' };

const columnsOf = (by: By, nameOf: (sum: SchemaUsageSum) => string): TableColumn<SchemaUsageSum>[] => [
  { title: 'Day (UTC)', cell: ({ day = '' }) => day },
  { title: TITLES[by], cell: nameOf },
  { title: 'Requests', isNumber: true, cell: ({ events }) => COUNT.format(events) },
  { title: 'Spend', isNumber: true, cell: ({ cost }) => <Money amount={cost} exact /> },
];
