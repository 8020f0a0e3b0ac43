// The whole of Coffer on one machine, from nothing to every part ready.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { API_NODE_OPTIONS } from '../api/node-options.ts';
import { migrate } from '../ledger/migrate.ts';
import type { StackConfig } from './config.ts';
import { ensureDatabase } from './ensure-database.ts';
import { type Part, startPart } from './part.ts';
import { startPostgres } from './postgres.ts';
import type { RunningParts } from './running-parts.ts';
import { loadSecrets, type Secrets } from './secrets.ts';
import {
  addressesOf,
  cofferEnvironment,
  mailEnvironment,
  type StackAddresses,
  sandboxEnvironment,
} from './stack-addresses.ts';
import type { PartName } from './stack-file.ts';
import { choosePorts, type StackPorts } from './stack-ports.ts';
import { registerSearchAttributes, startTemporal } from './temporal.ts';
import type { Terminal } from './terminal.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const listening = z.object({ msg: z.literal('listening'), port: z.int() });

interface Stack {
  config: StackConfig;
  addresses: StackAddresses;
  ports: StackPorts;
  secrets: Secrets;
  parts: RunningParts;
  terminal: Terminal;
}

/** Starts every part and says where they are once all of them are ready; throws when one does not come up. */
export async function startStack(
  config: StackConfig,
  parts: RunningParts,
  terminal: Terminal,
): Promise<StackAddresses> {
  const secrets = loadSecrets(config.home);
  const ports = await choosePorts(config);
  const addresses = addressesOf(config, ports, secrets);
  const stack = { config, addresses, ports, secrets, parts, terminal };
  await Promise.all([
    startDatabase(stack),
    startWorkflowServer(stack),
    startStripe(stack),
    startNode(stack, 'mail', 'dev/mail/main.ts', mailEnvironment(addresses, ports)),
  ]);
  const environment = cofferEnvironment(addresses, ports);
  await Promise.all([
    startNode(stack, 'api', 'api/main.ts', { ...environment, NODE_OPTIONS: API_NODE_OPTIONS }),
    startNode(stack, 'worker', 'worker/main.ts', environment),
  ]);
  return addresses;
}

async function startDatabase({ config, addresses, ports, secrets, parts, terminal }: Stack): Promise<void> {
  const since = Date.now();
  if (config.databaseUrl === undefined) {
    const postgres = await startPostgres({
      directory: join(config.home, 'postgres'),
      port: ports.postgres,
      password: secrets.postgresPassword,
      logFile: logFile(config, 'postgres'),
      detached: true,
      onStarted: (part) =>
        part.name === 'postgres'
          ? parts.started(part, 'postgres', { port: ports.postgres })
          : parts.started(part),
      signal: parts.stopping.signal,
    });
    parts.watch(postgres.part);
    await ensureDatabase(postgres.url(), 'coffer');
  }
  await migrate(addresses.databaseUrl, {
    log: (line) => terminal.note(line),
    currency: config.currency,
  });
  terminal.ready('postgres', new URL(addresses.databaseUrl).host, Date.now() - since);
}

async function startWorkflowServer({ config, addresses, ports, parts, terminal }: Stack): Promise<void> {
  const since = Date.now();
  if (config.temporalAddress === undefined) {
    const temporal = await startTemporal({
      port: ports.temporal,
      uiPort: ports.temporalUi,
      dataFile: join(config.home, 'temporal.db'),
      logFile: logFile(config, 'temporal'),
      detached: true,
      onStarted: (part) =>
        parts.started(part, 'temporal', { port: ports.temporal, uiPort: ports.temporalUi }),
      signal: parts.stopping.signal,
      log: (line) => terminal.note(line),
    });
    parts.watch(temporal.part);
  } else {
    await registerSearchAttributes(config.temporalAddress, config.temporalNamespace);
  }
  terminal.ready('temporal', addresses.temporalAddress, Date.now() - since);
}

async function startStripe(stack: Stack): Promise<void> {
  const { addresses, ports, secrets, terminal } = stack;
  if (addresses.sandboxUrl === undefined) terminal.note('payments go to Stripe, with your test key');
  else await startNode(stack, 'sandbox', 'dev/stripe/main.ts', sandboxEnvironment(addresses, ports, secrets));
}

/** One of our own processes: configured by environment only, ready when it says `listening`. */
async function startNode(
  { config, ports, parts, terminal }: Stack,
  name: Exclude<PartName, 'postgres' | 'temporal'>,
  entry: string,
  environment: Record<string, string>,
): Promise<void> {
  const since = Date.now();
  const port = ports[name];
  const started = (part: Part) =>
    parts.started(part, name, name === 'mail' ? { port, smtpPort: ports.smtp } : { port });
  const part = await startPart({
    name,
    command: process.execPath,
    args: [entry],
    cwd: root,
    env: { ...process.env, ...environment },
    logFile: logFile(config, name),
    detached: true,
    onStarted: started,
    signal: parts.stopping.signal,
  });
  await part.waitForLine(isListening, 60_000);
  parts.watch(part);
  terminal.ready(name, `http://localhost:${port}`, Date.now() - since);
}

function isListening(line: string): true | undefined {
  try {
    return listening.safeParse(JSON.parse(line)).success || undefined;
  } catch {
    return undefined;
  }
}

function logFile(config: StackConfig, name: PartName): string {
  return join(config.home, 'logs', `${name}.log`);
}

/**
 * Makes the folder of a stack: others may pass through it (PostgreSQL's user must), its secrets are for us alone. Throws
 * in one line where it cannot be written.
 */
export function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o755 });
    accessSync(home, constants.W_OK);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : String(error);
    throw new Error(`${home} cannot be written (${reason}): name a folder of yours in COFFER_HOME.`);
  }
}
