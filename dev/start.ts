// `npm start`: the whole stack in the foreground, until Ctrl-C or until one of its parts dies.
import { join } from 'node:path';
import { commandLine } from './command.ts';
import { type StackConfig, stackConfig } from './config.ts';
import { readDemoFile } from './demo-file.ts';
import { lockHome } from './home-lock.ts';
import { PartFailed } from './part.ts';
import { identify } from './processes.ts';
import { RunningParts } from './running-parts.ts';
import { seed } from './seed.ts';
import { makeHome, startStack } from './stack.ts';
import type { StackAddresses } from './stack-addresses.ts';
import { endLeftovers, openStackFile } from './stack-file.ts';
import { playStory } from './story.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const HELP = `Usage: npm start

Starts Coffer on this machine, in the foreground: PostgreSQL, Temporal, a Stripe sandbox, a mail catcher, the API with
the web console and the worker; seeds a demo organization and plays its story. Ctrl-C ends all of it. Data stays for
the next start.

  COFFER_PORT        port of the API and console (8080); all others are picked and kept
  COFFER_HOME        where data, logs and secrets live (.coffer); one stack per home
  COFFER_CURRENCY    the currency of all accounts (usd); chosen at the first start and kept
  COFFER_DEMO        on or off: whether the demo story is played (on)
  DATABASE_URL       a PostgreSQL of yours instead of one that is started
  TEMPORAL_ADDRESS   a Temporal server of yours, host:port, instead of one that is started
  STRIPE_SECRET_KEY  a Stripe test key of yours instead of the sandbox; then STRIPE_WEBHOOK_SECRETS may be the secret
                     that \`stripe listen --forward-to localhost:8080/webhooks/stripe\` shows
`;

const terminal = openTerminal();
process.exit(await main());

/** Returns the exit code: 0 after Ctrl-C, 1 when the stack could not start or a part died. */
async function main(): Promise<number> {
  const since = Date.now();
  try {
    const { values } = commandLine({ options: { help: { type: 'boolean', short: 'h' } } });
    if (values.help === true) {
      process.stdout.write(HELP);
      return 0;
    }
    const interrupted = untilInterrupted();
    const config = stackConfig(process.env);
    makeHome(config.home);
    const unlock = await lockHome(config.home);
    const code = await run(config, since, interrupted);
    unlock();
    return code;
  } catch (error) {
    terminal.failure(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function run(config: StackConfig, since: number, interrupted: Promise<void>): Promise<number> {
  terminal.heading('Coffer is starting');
  const ended = await endLeftovers(config.home);
  if (ended.length > 0) terminal.note(`ended what a killed run had left running: ${ended.join(', ')}`);
  const parts = new RunningParts(
    openStackFile(config.home),
    identify(process.pid) ?? { pid: process.pid, startMark: '' },
  );
  try {
    await Promise.race([play(config, parts, since), parts.died, interrupted]);
    return 0;
  } catch (error) {
    if (!parts.stopping.signal.aborted) tellFailure(error, config, terminal);
    return 1;
  } finally {
    terminal.heading('Stopping');
    await parts.stop();
    terminal.note('everything has ended; data stays for the next start');
  }
}

/** Everything in order; never returns by itself. */
async function play(config: StackConfig, parts: RunningParts, since: number): Promise<never> {
  const addresses = await startStack(config, parts, terminal);
  await seed(addresses);
  if (config.demo) {
    terminal.heading('The demo story');
    const told = await playStory(config.home, parts.stopping.signal);
    if (!told && !parts.stopping.signal.aborted) terminal.failure('The demo story did not come to its end.');
  }
  terminal.heading(`Coffer runs (ready after ${((Date.now() - since) / 1_000).toFixed(0)} s)`);
  terminal.table(addressTable(addresses));
  terminal.note('\n  Ctrl-C ends it.');
  return new Promise(() => {});
}

function addressTable(addresses: StackAddresses): [string, string][] {
  const database = new URL(addresses.databaseUrl);
  database.password = '';
  return [
    ['Console and API', addresses.baseUrl],
    ['Sign in as', demoSignIns(addresses.home)],
    ['API document', `${addresses.baseUrl}/openapi.json`],
    ['Temporal', addresses.temporalUiUrl ?? addresses.temporalAddress],
    ['Stripe sandbox', addresses.sandboxUrl ?? 'none: Stripe itself'],
    ['Mail', addresses.mailUrl],
    ['PostgreSQL', database.href],
    ['Secrets', `${join(addresses.home, 'demo.json')}, ${join(addresses.home, 'secrets.json')}`],
  ];
}

/** Who the demo's people are; their passwords are in a file that only the owner of this stack reads. */
function demoSignIns(home: string): string {
  const { people } = readDemoFile(home) ?? {};
  const emails =
    people === undefined ? [] : [people.owner, people.admin, people.member].map(({ email }) => email);
  return `${emails.join(', ')} (passwords: demo.json)`;
}

function tellFailure(error: unknown, config: StackConfig, to: Terminal): void {
  to.failure(error instanceof Error ? error.message : String(error));
  if (!(error instanceof PartFailed)) return;
  to.quote(error.lastLines);
  to.note(`all of it: ${join(config.home, 'logs', `${error.part}.log`)}`);
}

/**
 * Ctrl-C reaches us twice under npm, from the terminal and from npm itself; once is enough. When npm is killed nobody
 * is left to stop us, so that counts too.
 */
function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    if (process.env['npm_lifecycle_event'] === undefined) return;
    const npm = process.ppid;
    setInterval(() => process.ppid === npm || resolve(), 500).unref();
  });
}
