// `npm run bench`: what Coffer does in a second, how soon a crossed threshold is charged, and what both cost.
import { availableParallelism, loadavg } from 'node:os';
import { CommandFailed, commandLine, runCommand } from '../dev/command.ts';
import { verify } from '../ledger/verify/verify.ts';
import { benchBurst } from './burst.ts';
import { benchCrossings } from './crossings.ts';
import { benchIntake } from './intake.ts';
import { type Seed, seed } from './seed.ts';
import { type BenchServer, durabilityOf, startServer } from './server.ts';
import { type System, startSystem } from './subjects.ts';

const HELP = `
Usage: npm run bench -- [--only NAME] [--seconds N] [--rounds N] [--crossings N] [--accounts N]

Measures Coffer as it runs: API, worker, Temporal, Stripe sandbox and Postgres as processes of their own.

  intake      usage of one hot organization in single-event and 100-event requests, acknowledged after the commit,
              beside a bare insert of the same rows and two baselines
  crossings   at 1,000 single events a second: from the acknowledgement of the event that crosses an account's
              threshold to the charge request at Stripe
  burst       many accounts that cross their thresholds at once: charges a second until all are credited

  --only NAME     one of the three alone
  --seconds N     seconds of each measurement of intake (default 5)
  --rounds N      rounds of intake over all variants (default 3)
  --crossings N   how many crossings, five a second (default 300)
  --accounts N    how many accounts burst (default 500)

Ends with 1 when the books are not exactly what was acknowledged, or a crossing was not charged exactly once.`;

interface Options {
  readonly seconds: number;
  readonly rounds: number;
  readonly crossings: number;
  readonly accounts: number;
}

type Bench = (server: BenchServer, system: System, seeded: Seed, options: Options) => Promise<string[]>;

const benches = new Map<string, Bench>([
  ['intake', benchIntake],
  ['crossings', benchCrossings],
  ['burst', benchBurst],
]);

await runCommand(HELP, async () => {
  const { options, chosen } = readCommandLine();
  const faults: string[] = [];
  for (const [name, bench] of chosen) {
    const found = await alone(bench, options);
    faults.push(...found.map((fault) => `${name}: ${fault}`));
  }
  if (faults.length > 0) {
    console.log(`\nNOT EXACT:\n${faults.join('\n')}`);
    return 1;
  }
  console.log('\nThe books are exact: they say what was acknowledged, and verify finds nothing.');
  return 0;
});

/** The options, and the benches to run. */
function readCommandLine(): { options: Options; chosen: [name: string, bench: Bench][] } {
  const { values } = commandLine({
    options: {
      only: { type: 'string' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      crossings: { type: 'string', default: '300' },
      accounts: { type: 'string', default: '500' },
    },
  });
  const options: Options = {
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    crossings: Number(values.crossings),
    accounts: Number(values.accounts),
  };
  if (!(options.seconds > 0) || !(Math.min(options.rounds, options.crossings, options.accounts) >= 1)) {
    throw new CommandFailed('--seconds, --rounds, --crossings and --accounts must be numbers above 0');
  }
  const chosen = [...benches].filter(([name]) => values.only === undefined || name === values.only);
  if (chosen.length === 0) throw new CommandFailed(`--only must be one of ${[...benches.keys()].join(', ')}`);
  return { options, chosen };
}

/** Each with servers of its own, so that none pays for what another left behind. */
async function alone(bench: Bench, options: Options): Promise<string[]> {
  const server = await startServer();
  try {
    const seeded = await seed(server.pool);
    const system = await startSystem(server);
    try {
      const load = loadavg().map((average) => average.toFixed(1));
      console.log(
        `\n${availableParallelism()} cores, load average ${load.join(' ')}, Node ${process.version}`,
      );
      console.log(await durabilityOf(server.pool));
      const found = await bench(server, system, seeded, options);
      const { checks } = await verify(server.pool, { now: new Date() });
      const broken = checks.filter(({ ok }) => !ok);
      return [
        ...found,
        ...broken.map(
          ({ guarantee, firstOffender }) => `verify: ${guarantee} does not hold: ${firstOffender}`,
        ),
      ];
    } finally {
      await system.stop();
    }
  } finally {
    await server.stop();
  }
}
