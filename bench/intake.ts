// Intake: Coffer beside a bare insert and two ordinary ways to keep a balance, interleaved in one run.
import { type Books, books, faultsOf } from './exactness.ts';
import { type Measurement, measureBareInsert, measureLoad } from './measurement.ts';
import { peakMemoryMiB } from './process-cpu.ts';
import { printComparison, printTable, type Results } from './report.ts';
import type { Seed } from './seed.ts';
import type { BenchServer } from './server.ts';
import { type Subject, type System, startBaselines } from './subjects.ts';
import { countActions } from './temporal-actions.ts';

export interface IntakeOptions {
  /** Of each measurement. */
  readonly seconds: number;
  /** Over all variants. */
  readonly rounds: number;
}

/** Measures and prints; returns what is wrong with the books, a line each. */
export async function benchIntake(
  server: BenchServer,
  system: System,
  { accountId, keys, token }: Seed,
  { seconds, rounds }: IntakeOptions,
): Promise<string[]> {
  const faults: string[] = [];
  const baselines = await startBaselines(server, token);
  try {
    const load = (subject: Subject, connections: number, eventsPerRequest: number) => () =>
      measureLoad(server, subject.pid, {
        port: subject.port,
        token,
        apiKeyIds: keys.map((key) => key.id),
        connections,
        eventsPerRequest,
        warmUpMs: 500,
        measureMs: seconds * 1_000,
      });
    const variants: readonly { name: string; books: Books; measure: () => Promise<Measurement> }[] = [
      {
        name: 'bare insert',
        books: books.bare,
        measure: () => measureBareInsert(server, keys, seconds * 1_000),
      },
      { name: 'coffer, 100', books: books.coffer, measure: load(system.api, 16, 100) },
      { name: 'coffer, 1', books: books.coffer, measure: load(system.api, 256, 1) },
      { name: 'row lock, 1', books: books.rowLock, measure: load(baselines.rowLock, 64, 1) },
      { name: 'one statement, 1', books: books.oneStatement, measure: load(baselines.oneStatement, 64, 1) },
      { name: 'row lock, 100', books: books.rowLock, measure: load(baselines.rowLock, 16, 100) },
      {
        name: 'one statement, 100',
        books: books.oneStatement,
        measure: load(baselines.oneStatement, 16, 100),
      },
    ];
    const acknowledged = new Map(variants.map((variant) => [variant.books, { events: 0, nanos: 0n }]));
    const results: Results = new Map(variants.map(({ name }) => [name, []]));
    for (let round = 1; round <= rounds; round += 1) {
      for (const variant of variants) {
        const measured = await variant.measure();
        results.get(variant.name)?.push(measured);
        const total = acknowledged.get(variant.books) ?? { events: 0, nanos: 0n };
        total.events += measured.events;
        total.nanos += measured.acceptedNanos;
        const wrong = await faultsOf(server.pool, accountId, variant.books, total);
        faults.push(...wrong.map((fault) => `${variant.name}: ${fault}`));
        console.log(
          `round ${round}  ${variant.name.padEnd(22)} ${Math.round(measured.eventsPerSecond)} events/s`,
          Object.keys(measured.errors).length > 0 ? JSON.stringify(measured.errors) : '',
        );
      }
    }
    printTable(results);
    const events = acknowledged.get(books.coffer)?.events ?? 0;
    const actions = await countActions(system.temporalAddress, accountId);
    printComparison(results, {
      peakMemoryMiB: peakMemoryMiB(system.api.pid),
      actionsPerThousand: (actions * 1_000) / events,
    });
    return faults;
  } finally {
    await baselines.stop();
  }
}
