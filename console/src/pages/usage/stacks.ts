// Stacks: sums by day and member, key or model as the columns of a chart, with the exact amounts beside the heights.
import type { SchemaUsageSum } from '../../api/schema.d.ts';
import { amountOf, nanosOf } from './exact.ts';

/** By what the columns are stacked. */
export const groups = ['member', 'apiKey', 'model'] as const;

export type Group = (typeof groups)[number];

/** One colour of the chart. */
export interface Series {
  /** What its heights are called in the columns. */
  readonly key: string;
  readonly name: string;
  readonly color: string;
  /** What it comes to, as text. */
  readonly total: string;
}

/** One day: the height of each series, and what it says. */
export interface Column {
  readonly day: string;
  readonly heights: Readonly<Record<string, number>>;
  readonly labels: ReadonlyMap<string, string>;
  readonly total: string;
}

export interface Stacks {
  readonly series: readonly Series[];
  readonly columns: readonly Column[];
  readonly total: string;
}

export const OTHERS_COLOR = 'var(--series-others)';
export const seriesColor = (index: number) => `var(--series-${index + 1})`;

/** Names by id: two things of the same name stay apart by the ends of their ids. */
export function namesOf(sums: readonly SchemaUsageSum[], by: Group): (sum: SchemaUsageSum) => string {
  const named = new Map(sums.map((sum) => [idOf(sum, by), nameOf(sum, by)]));
  const counts = new Map<string, number>();
  for (const name of named.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return (sum) => {
    const [id, name] = [idOf(sum, by), nameOf(sum, by)];
    return (counts.get(name) ?? 0) > 1 ? `${name} (…${id.slice(-4)})` : name;
  };
}

function nameOf(sum: SchemaUsageSum, by: Group): string {
  if (sum.others === true) return 'Others';
  if (by === 'model') return sum.model ?? 'Unknown model';
  return by === 'member' ? (sum.member?.name ?? 'Former member') : (sum.apiKey?.name ?? 'API key');
}

/** What a sum is about; nothing for the others. */
function idOf(sum: SchemaUsageSum, by: Group): string {
  if (sum.others === true) return '';
  return (by === 'model' ? sum.model : by === 'member' ? sum.member?.id : sum.apiKey?.id) ?? '?';
}

/** Spend by day: the dearest series first, the others last; days without usage are there too. */
export function spendStacks(sums: readonly SchemaUsageSum[], by: Group, days: readonly string[]): Stacks {
  const nameOf = namesOf(sums, by);
  const found = new Map<string, { name: string; nanos: bigint }>();
  for (const sum of sums) {
    const known = found.get(idOf(sum, by));
    found.set(idOf(sum, by), { name: nameOf(sum), nanos: (known?.nanos ?? 0n) + nanosOf(sum.cost) });
  }
  const ranked = [...found].sort(([oneId, one], [otherId, other]) => {
    if (oneId === '' || otherId === '') return oneId === '' ? 1 : -1;
    return other.nanos > one.nanos ? 1 : other.nanos < one.nanos ? -1 : 0;
  });
  const keys = new Map(ranked.map(([id], index) => [id, `s${index}`]));
  const byDay = new Map<string, SchemaUsageSum[]>();
  for (const sum of sums) byDay.set(sum.day ?? '', [...(byDay.get(sum.day ?? '') ?? []), sum]);
  return {
    series: ranked.map(([id, { name, nanos }], index) => ({
      key: `s${index}`,
      name,
      color: id === '' ? OTHERS_COLOR : seriesColor(index),
      total: amountOf(nanos),
    })),
    columns: days.map((day) => {
      const found = byDay.get(day) ?? [];
      const cells = found.map((sum) => [keys.get(idOf(sum, by)) ?? '', sum.cost] as const);
      return {
        day,
        heights: Object.fromEntries(cells.map(([key, cost]) => [key, Number(cost)])),
        labels: new Map(cells),
        total: amountOf(found.reduce((nanos, { cost }) => nanos + nanosOf(cost), 0n)),
      };
    }),
    total: amountOf([...found.values()].reduce((all, { nanos }) => all + nanos, 0n)),
  };
}

const COUNT = new Intl.NumberFormat('en-US');

const KINDS = ['Input', 'Cached input', 'Cache write', 'Output'] as const;

/** Tokens by kind: what was cached or written to the cache is not counted as plain input a second time. */
export const tokensOf = (sum: SchemaUsageSum): readonly number[] => [
  sum.inputTokens - sum.cachedInputTokens - sum.cacheWriteTokens,
  sum.cachedInputTokens,
  sum.cacheWriteTokens,
  sum.outputTokens,
];

/** Tokens by day and kind. */
export function tokenStacks(sums: readonly SchemaUsageSum[], days: readonly string[]): Stacks {
  const byDay = new Map(sums.map((sum) => [sum.day, tokensOf(sum)]));
  const totals = KINDS.map((_, kind) => sums.reduce((all, sum) => all + (tokensOf(sum)[kind] ?? 0), 0));
  return {
    series: KINDS.map((name, kind) => ({
      key: `s${kind}`,
      name,
      color: seriesColor(kind),
      total: COUNT.format(totals[kind] ?? 0),
    })),
    columns: days.map((day) => {
      const tokens = byDay.get(day) ?? [];
      const cells = tokens.map((count, kind) => [`s${kind}`, count] as const);
      return {
        day,
        heights: Object.fromEntries(cells),
        labels: new Map(cells.map(([key, count]) => [key, COUNT.format(count)])),
        total: COUNT.format(tokens.reduce((all, count) => all + count, 0)),
      };
    }),
    total: COUNT.format(totals.reduce((all, count) => all + count, 0)),
  };
}
