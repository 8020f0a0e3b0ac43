// Spend over time: a column a day, stacked by member, key or model.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type UsageFilter, usageQuery } from '../../api/queries/usage.ts';
import type { Context } from '../../contexts.ts';
import { formatMoney, spokenMoney } from '../../money.ts';
import { csvAddress } from '../../parts/csv-address.ts';
import { daysBetween, longDay } from '../../parts/days.ts';
import { QueryState } from '../../parts/QueryState.tsx';
import { Section } from '../../parts/Section.tsx';
import { ChartSection } from './ChartSection.tsx';
import { axisOf, nanosOf } from './exact.ts';
import { SpendTable } from './SpendTable.tsx';
import { type Group as By, type Stacks, spendStacks } from './stacks.ts';
import type { Period } from './usage-search.ts';

/** More colours than these nobody tells apart: the rest is one. */
const MOST_SERIES = 8;

interface SpendSectionProps {
  readonly context: Context;
  readonly by: By;
  readonly filter: UsageFilter;
  readonly period: Period;
}

export function SpendSection({ context, by, filter, period }: SpendSectionProps) {
  const asked = { ...filter, groupBy: `day,${by}`, top: MOST_SERIES };
  const query = useQuery(usageQuery(context.accountId, asked));
  const sums = query.data?.items;
  const stacks = useMemo(
    () => sums && inDollars(spendStacks(sums, by, daysBetween(period.from, period.to))),
    [sums, by, period.from, period.to],
  );
  if (sums === undefined || stacks === undefined) {
    return (
      <Section title="Spend">
        <QueryState query={query} lines={8} />
      </Section>
    );
  }
  const marks = axisOf(stacks.dearest.total);
  return (
    <ChartSection
      title="Spend"
      explains={`${stacks.total} in all, by the UTC day on which each request was made.`}
      csv={csvAddress(context.accountId, 'usage', { ...filter, groupBy: asked.groupBy })}
      table={<SpendTable accountId={context.accountId} by={by} filter={filter} few={sums} />}
      isStale={query.isPlaceholderData}
      stacks={stacks}
      axis={marks.map((amount) => [Number(amount), formatMoney(amount)])}
      says={`Spend from ${longDay(period.from)} to ${longDay(period.to)}: ${spokenMoney(stacks.spent)} in all, most on ${longDay(stacks.dearest.day)} with ${spokenMoney(stacks.dearest.total)}. The table has every number.`}
    />
  );
}

/** The same stacks with their amounts written as people read them, and the day that cost most. */
function inDollars(stacks: Stacks): Stacks & { spent: string; dearest: { day: string; total: string } } {
  const dearest = stacks.columns.reduce(
    (most, { day, total }) => (nanosOf(total) > nanosOf(most.total) ? { day, total } : most),
    { day: stacks.columns[0]?.day ?? '', total: '0.00' },
  );
  return {
    spent: stacks.total,
    dearest,
    total: formatMoney(stacks.total),
    series: stacks.series.map((one) => ({ ...one, total: formatMoney(one.total) })),
    columns: stacks.columns.map((column) => ({
      ...column,
      total: formatMoney(column.total),
      labels: new Map([...column.labels].map(([key, amount]) => [key, formatMoney(amount)])),
    })),
  };
}
