// A real Temporal server: the CLI's development server, on a file where its workflows shall outlive it.
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { type Part, PartFailed, startPart } from './part.ts';
import { temporalCli } from './temporal-cli.ts';

/** The search attributes of design 4; every server that runs Coffer has them. */
export const SEARCH_ATTRIBUTES = ['AccountId', 'OrganizationId', 'AccountState'] as const;

export interface TemporalOptions {
  port: number;
  /** The port of the web pages; without one there are none. */
  uiPort?: number;
  /** Where workflows are kept; in memory when left out. */
  dataFile?: string;
  logFile: string;
  /** Further arguments of `temporal server start-dev`. */
  extraArgs?: readonly string[];
  detached?: boolean;
  onStarted?: (part: Part) => void;
  /** Nothing is installed or started any more once this is aborted. */
  signal?: AbortSignal;
  log?: (line: string) => void;
}

export interface Temporal {
  readonly part: Part;
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts the server and returns once its default namespace answers. */
export async function startTemporal(options: TemporalOptions): Promise<Temporal> {
  const command = await temporalCli(options.log, options.signal);
  const address = `127.0.0.1:${options.port}`;
  const part = await startPart({
    name: 'temporal',
    command,
    args: ['server', 'start-dev', ...serverArguments(options)],
    logFile: options.logFile,
    detached: options.detached,
    onStarted: options.onStarted,
    signal: options.signal,
  });
  try {
    await Promise.race([untilItAnswers(address, 60_000), failWhenEnded(part)]);
  } catch (e) {
    await part.stop();
    throw e;
  }
  return { part, address, stop: () => part.stop({ graceMs: 2_000 }) };
}

/** Registers the search attributes at a server that somebody else started; those it has already stay as they are. */
export async function registerSearchAttributes(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 5_000 });
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const KEYWORD = 2;
    const missing = SEARCH_ATTRIBUTES.filter((name) => customAttributes?.[name] === undefined);
    if (missing.length === 0) return;
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } finally {
    await connection.close();
  }
}

function serverArguments(options: TemporalOptions): string[] {
  const ui = options.uiPort === undefined ? ['--headless'] : ['--ui-port', String(options.uiPort)];
  const file =
    options.dataFile === undefined
      ? []
      : [
          '--db-filename',
          options.dataFile,
          '--sqlite-pragma',
          'journal_mode=WAL',
          '--sqlite-pragma',
          'synchronous=NORMAL',
        ];
  return [
    ...['--ip', '127.0.0.1', '--port', String(options.port), '--log-level', 'warn'],
    ...ui,
    ...file,
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...(options.extraArgs ?? []),
  ];
}

async function untilItAnswers(address: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      try {
        await connection.workflowService.describeNamespace({ namespace: 'default' });
        return;
      } finally {
        await connection.close();
      }
    } catch (e) {
      if (Date.now() > deadline) throw e;
      await sleep(100);
    }
  }
}

async function failWhenEnded(part: Part): Promise<never> {
  const how = await part.ended;
  throw new PartFailed('temporal', `temporal ended with ${how} before it was ready`, part.lastLines());
}
