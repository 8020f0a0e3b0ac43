// Schemathesis: the pinned fuzzer of OpenAPI documents, installed by pip, run as a process of its own.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandFailed } from '../command.ts';
import { pipInstalled } from '../pip.ts';

const requirements = fileURLToPath(new URL('schemathesis.txt', import.meta.url));

/** What an answer must be like: no 5xx, and a status, content type, headers and body that the document describes. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

export interface FuzzRun {
  /** The address whose `/openapi.json` is read, and which is called. */
  readonly url: string;
  /** The bearer token to send with every request. */
  readonly token: string | undefined;
  readonly maxExamples: number;
  readonly seed: number;
  /** Parameter of a path → values that exist, so that not every request ends at the first 404. */
  readonly known: Readonly<Record<string, readonly string[]>>;
  /** Whoever signs out everywhere is nobody for the rest of a run. */
  readonly routes: 'all-but-signing-out' | 'signing-out';
}

/** Makes sure that schemathesis is there, and returns its folder. */
export async function installSchemathesis(log: (line: string) => void): Promise<string> {
  const folder = await pipInstalled(
    { name: 'schemathesis', requirements },
    { log, isWhole: async (target) => existsSync(join(target, 'bin', 'schemathesis')) },
  );
  if (folder !== undefined) return folder;
  throw new CommandFailed('Fuzzing needs python3 (3.10 or newer) with pip, to install schemathesis.');
}

/** Fuzzes an API once, its report on our output; returns whether it found nothing. */
export async function fuzz(folder: string, run: FuzzRun): Promise<boolean> {
  const work = mkdtempSync(join(tmpdir(), 'coffer-fuzz-'));
  try {
    const config = join(work, 'schemathesis.toml');
    writeFileSync(config, configuration(run));
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    const child = spawn('python3', [join(folder, 'bin', 'schemathesis'), ...argumentsOf(run, config)], {
      cwd: work,
      stdio: 'inherit',
      env: { ...process.env, PYTHONPATH: folder },
    });
    child.once('error', reject).once('exit', resolve);
    return (await promise) === 0;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function argumentsOf({ url, token, maxExamples, seed, routes }: FuzzRun, config: string): string[] {
  return [
    '--config-file',
    config,
    'run',
    `${url}/openapi.json`,
    '--url',
    url,
    '--checks',
    CHECKS.join(','),
    '--max-examples',
    String(maxExamples),
    '--seed',
    String(seed),
    '--continue-on-failure',
    '--warnings',
    'off',
    routes === 'signing-out' ? '--include-operation-id' : '--exclude-operation-id',
    'deleteMeSessions',
    ...(token === undefined ? [] : ['--header', `Authorization: Bearer ${token}`]),
  ];
}

/** The caller's own token is the only one that is sent; a stream is left after its first event. */
function configuration({ known }: FuzzRun): string {
  const dictionaries = Object.entries(known).map(
    ([name, values]) => `[dictionaries.${name}]\nvalues = ${JSON.stringify(values)}`,
  );
  const bindings = Object.keys(known).map(
    (name) => `"path.${name}" = { dictionary = "${name}", probability = 0.8 }`,
  );
  return [
    'max-stream-events = 1',
    'request-timeout = 20.0',
    'generation.with-security-parameters = false',
    ...dictionaries,
    '[parameters]',
    ...bindings,
    '',
  ].join('\n');
}
