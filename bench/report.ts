// What people read of a run: a table of every variant, and the figures that the design aims at.
import type { Measurement } from './measurement.ts';
import { median, spread } from './statistics.ts';

export type Results = ReadonlyMap<string, Measurement[]>;

/** A line a variant: medians over the rounds, and the spread of the rate. */
export function printTable(results: Results): void {
  const columns = ['', 'events/s', '±', 'p50 ms', 'p99 ms', 'Postgres', 'server', 'load', 'WAL'];
  const lines = [...results].map(([name, rounds]) => [
    name,
    String(Math.round(middle(rounds, 'eventsPerSecond'))),
    `${spread(rounds.map((round) => round.eventsPerSecond))} %`,
    fixed(middle(rounds, 'p50Ms')),
    fixed(middle(rounds, 'p99Ms')),
    fixed(middle(rounds, 'postgresCpu')),
    fixed(middle(rounds, 'subjectCpu')),
    fixed(middle(rounds, 'loadCpu')),
    `${(middle(rounds, 'walBytesPerThousand') / 1e6).toFixed(2)} MB`,
  ]);
  const widths = columns.map((title, index) =>
    Math.max(title.length, ...lines.map((line) => line[index]?.length ?? 0)),
  );
  console.log('\nCPU in µs an event; WAL per 1,000 events; medians of the rounds');
  for (const line of [columns, ...lines]) {
    const [name = '', ...figures] = line.map((text, index) =>
      index === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[index] ?? 0),
    );
    console.log([name, ...figures].join('  '));
  }
}

/** The figures with what the design aims at, each said to be reached or not. */
export function printComparison(
  results: Results,
  { peakMemoryMiB, actionsPerThousand }: { peakMemoryMiB: number; actionsPerThousand: number },
): void {
  const of = (name: string, figure: keyof Figures) => middle(results.get(name) ?? [], figure);
  const rate = (name: string) => of(name, 'eventsPerSecond');
  // round by round, so that what else the machine does meanwhile falls on both
  const ratio = (name: string, other: string) =>
    median(
      (results.get(name) ?? []).map(
        (round, index) =>
          round.eventsPerSecond / (results.get(other)?.[index]?.eventsPerSecond ?? Number.NaN),
      ),
    );
  const single = 'coffer, 1';
  const many = 'coffer, 100';
  const aims: [string, number, number, 'at least' | 'at most'][] = [
    ['single events a second', rate(single), 8_000, 'at least'],
    ['p99 of single events, ms', of(single, 'p99Ms'), 100, 'at most'],
    ['events a second in 100s', rate(many), 25_000, 'at least'],
    ['… as % of the bare insert', ratio(many, 'bare insert') * 100, 70, 'at least'],
    ['single events × row lock', ratio(single, 'row lock, 1'), 15, 'at least'],
    ['single events × one statement', ratio(single, 'one statement, 1'), 5, 'at least'],
    ['in 100s × row lock', ratio(many, 'row lock, 100'), 1, 'at least'],
    ['in 100s × one statement', ratio(many, 'one statement, 100'), 1, 'at least'],
    ['Temporal actions per 1,000 events', actionsPerThousand, 1, 'at most'],
    ['WAL of single events, MB per 1,000', of(single, 'walBytesPerThousand') / 1e6, 0.7, 'at most'],
    ['peak memory of the API, MiB', peakMemoryMiB, 300, 'at most'],
  ];
  console.log();
  for (const [what, is, aim, relation] of aims) {
    const reached = relation === 'at least' ? is >= aim : is <= aim;
    console.log(
      `${what.padEnd(36)} ${fixed(is).padStart(9)}   ${relation} ${aim}: ${reached ? 'reached' : 'NOT reached'}`,
    );
  }
}

type Figures = Pick<
  Measurement,
  'eventsPerSecond' | 'p50Ms' | 'p99Ms' | 'postgresCpu' | 'subjectCpu' | 'loadCpu' | 'walBytesPerThousand'
>;

function middle(rounds: readonly Measurement[], figure: keyof Figures): number {
  return median(rounds.map((round) => round[figure] ?? Number.NaN));
}

function fixed(value: number): string {
  if (Number.isNaN(value)) return '';
  return value >= 1_000 ? String(Math.round(value)) : value.toFixed(value < 10 ? 2 : 1);
}
