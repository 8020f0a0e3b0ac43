// `npm run soak`: the randomised tests, for as many rounds as one likes.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const names = readdirSync(join(root, 'test', 'chaos'))
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.replace('.test.ts', ''));

const HELP = `Usage: npm run soak -- --rounds N [--seed S] [--only NAME]

Kills processes at random moments and checks that no usage, no credit and no cent is lost, N rounds of each test.

  --rounds N   how many rounds of each test
  --seed S     the dice of an earlier run, which prints them (SOAK_SEED)
  --only NAME  one test alone: ${names.join(', ')}
`;

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${HELP}`);
  process.exit(2);
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (e) {
    return fail(e instanceof Error ? e.message : String(e));
  }
}

const { rounds, seed, only, help } = options();
if (help) {
  process.stdout.write(HELP);
  process.exit(0);
}
if (rounds === undefined || !/^[1-9]\d{0,5}$/.test(rounds))
  fail('--rounds must be a number from 1 to 999999');
if (seed !== undefined && !/^[1-9]\d{0,9}$/.test(seed))
  fail('--seed must be a number that an earlier run printed');
if (only !== undefined && !names.includes(only)) fail(`--only must be one of ${names.join(', ')}`);

const jest = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    '--maxWorkers=1',
    `test/chaos/${only ?? ''}`,
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, SOAK_ROUNDS: rounds, ...(seed !== undefined && { SOAK_SEED: seed }) },
  },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => jest.kill(signal));
jest.on('exit', (code) => process.exit(code ?? 1));
