// Tokens over time: a column a day, stacked by kind.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type UsageFilter, usageQuery } from '../../api/queries/usage.ts';
import type { SchemaUsageSum } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { csvAddress } from '../../parts/csv-address.ts';
import { daysBetween, longDay } from '../../parts/days.ts';
import { QueryState } from '../../parts/QueryState.tsx';
import { Section } from '../../parts/Section.tsx';
import { ChartSection } from './ChartSection.tsx';
import { countAxis } from './exact.ts';
import { SumTable, type TableColumn } from './SumTable.tsx';
import { tokenStacks } from './stacks.ts';
import type { Period } from './usage-search.ts';

interface TokenSectionProps {
  readonly context: Context;
  readonly filter: UsageFilter;
  readonly period: Period;
}

export function TokenSection({ context, filter, period }: TokenSectionProps) {
  const asked = { ...filter, groupBy: 'day' };
  const query = useQuery(usageQuery(context.accountId, asked));
  const sums = query.data?.items;
  const stacks = useMemo(
    () => sums && tokenStacks(sums, daysBetween(period.from, period.to)),
    [sums, period.from, period.to],
  );
  if (sums === undefined || stacks === undefined) {
    return (
      <Section title="Tokens">
        <QueryState query={query} lines={8} />
      </Section>
    );
  }
  const most = Math.max(0, ...sums.map(({ inputTokens, outputTokens }) => inputTokens + outputTokens));
  return (
    <ChartSection
      title="Tokens"
      explains={`${stacks.total} in all, by UTC day. Input that was read from a cache, or written to one, is counted apart from other input.`}
      csv={csvAddress(context.accountId, 'usage', asked)}
      table={<SumTable label="Tokens by day" columns={COLUMNS} lines={sums} />}
      isStale={query.isPlaceholderData}
      stacks={stacks}
      axis={countAxis(most).map((count) => [count, SHORT.format(count)])}
      says={`Tokens from ${longDay(period.from)} to ${longDay(period.to)}: ${stacks.total} in all; ${stacks.series.map(({ name, total }) => `${name} ${total}`).join(', ')}. The table has every number.`}
    />
  );
}

const COUNT = new Intl.NumberFormat('en-US');
const SHORT = new Intl.NumberFormat('en-US', { notation: 'compact' });

const COLUMNS: TableColumn<SchemaUsageSum>[] = [
  { title: 'Day (UTC)', cell: ({ day = '' }) => day },
  { title: 'Requests', isNumber: true, cell: ({ events }) => COUNT.format(events) },
  { title: 'All input', isNumber: true, cell: ({ inputTokens }) => COUNT.format(inputTokens) },
  { title: 'of it cached', isNumber: true, cell: (sum) => COUNT.format(sum.cachedInputTokens) },
  { title: 'of it written to cache', isNumber: true, cell: (sum) => COUNT.format(sum.cacheWriteTokens) },
  { title: 'Output', isNumber: true, cell: ({ outputTokens }) => COUNT.format(outputTokens) },
];
