// `npm run bench`: Coffer beside a bare insert and two ordinary ways to keep a balance, interleaved in one run.
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { verify } from '../ledger/verify/verify.ts';
import { type Books, books, faultsOf } from './exactness.ts';
import { type Measurement, measureBareInsert, measureLoad } from './measurement.ts';
import { peakMemoryMiB } from './process-cpu.ts';
import { printComparison, printTable, type Results } from './report.ts';
import { seed } from './seed.ts';
import { durabilityOf, startServer } from './server.ts';
import { type Subject, startSubjects } from './subjects.ts';
import { countActions } from './temporal-actions.ts';

const HELP = `npm run bench [-- --seconds N] [--rounds N]

Measures usage intake on one hot organization: single-event and 100-event requests, acknowledged after the commit,
beside a bare insert of the same rows and two baselines. Starts a Postgres, a Temporal, a worker and an API of its own.

  --seconds N   seconds of each measurement (default 5)
  --rounds N    rounds over all variants (default 3)

Ends with 1 when the books are not exactly what was acknowledged.`;

const { values: given } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
if (given.help) {
  console.log(HELP);
  process.exit(0);
}
const seconds = Number(given.seconds);
const rounds = Number(given.rounds);
if (!(seconds > 0) || !(rounds >= 1)) {
  console.error('--seconds and --rounds must be numbers above 0');
  process.exit(2);
}

const server = await startServer();
const faults: string[] = [];
try {
  const { accountId, keys, token } = await seed(server.pool);
  const subjects = await startSubjects(server, token);
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
      { name: 'coffer, 100', books: books.coffer, measure: load(subjects.api, 16, 100) },
      { name: 'coffer, 1', books: books.coffer, measure: load(subjects.api, 256, 1) },
      { name: 'row lock, 1', books: books.rowLock, measure: load(subjects.rowLock, 64, 1) },
      { name: 'one statement, 1', books: books.oneStatement, measure: load(subjects.oneStatement, 64, 1) },
      { name: 'row lock, 100', books: books.rowLock, measure: load(subjects.rowLock, 16, 100) },
      {
        name: 'one statement, 100',
        books: books.oneStatement,
        measure: load(subjects.oneStatement, 16, 100),
      },
    ];
    console.log(
      `${availableParallelism()} cores, load average ${loadavg()
        .map((load) => load.toFixed(1))
        .join(' ')}, Node ${process.version}`,
    );
    console.log(await durabilityOf(server.pool));
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
    const actions = await countActions(subjects.temporalAddress, accountId);
    printComparison(results, {
      peakMemoryMiB: peakMemoryMiB(subjects.api.pid),
      actionsPerThousand: (actions * 1_000) / events,
    });
    const report = await verify(server.pool, { now: new Date() });
    for (const { ok, guarantee, firstOffender } of report.checks) {
      if (!ok) faults.push(`verify: ${guarantee} does not hold: ${firstOffender}`);
    }
  } finally {
    await subjects.stop();
  }
} finally {
  await server.stop();
}
if (faults.length > 0) {
  console.log(`\nNOT EXACT:\n${faults.join('\n')}`);
  process.exit(1);
}
console.log(
  '\nThe books are exact: after each measurement balance = credit − acknowledged costs, and verify finds nothing.',
);
