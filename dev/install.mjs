// Runs before every npm command: installs the locked packages when they are missing or stale, else says nothing.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockFile = join(root, 'package-lock.json');
const installedFile = join(root, 'node_modules', '.package-lock.json');
const stampFile = join(root, 'node_modules', '.coffer-lock');

const TOLD_EVERY_MS = 15_000;

await main();

async function main() {
  const lock = readFileSync(lockFile);
  const locked = JSON.parse(lock.toString('utf8'));
  requireNode(locked);
  const stamp = `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`;
  if (readIfThere(stampFile) === stamp) return;
  if (!matches(locked)) await install();
  try {
    writeFileSync(stampFile, stamp);
  } catch {
    // somebody else's folder: the stamp only saves the comparison
  }
}

/** Our own Node.js comes with the packages where there is one for the platform; elsewhere the machine's has to do. */
function requireNode(locked) {
  const [needed, installer] = [24, 20];
  const running = Number(process.versions.node.split('.')[0]);
  const platform = `${process.platform}-${process.arch}`;
  const isPackaged = `node_modules/node-${platform}` in locked.packages;
  if (running >= (isPackaged ? installer : needed)) return;
  fail(
    isPackaged
      ? `Coffer needs Node.js ${installer} or newer to install itself; this is ${process.version}.`
      : `Coffer needs Node.js ${needed} or newer on ${platform}; this is ${process.version}: get it from https://nodejs.org.`,
  );
}

/** Whether npm's own record of what it installed says the same as the lock, e.g. after an `npm ci` by hand. */
function matches(lock) {
  const record = readIfThere(installedFile);
  if (record === undefined) return false;
  const installed = JSON.parse(record).packages;
  const same = (path) =>
    installed[path].version === lock.packages[path]?.version && existsSync(join(root, path, 'package.json'));
  const needed = ([path, entry]) => path !== '' && !entry.optional && !entry.devOptional && !entry.peer;
  return (
    Object.keys(installed).every(same) &&
    Object.entries(lock.packages)
      .filter(needed)
      .every(([path]) => path in installed)
  );
}

async function install() {
  process.stderr.write('Installing the locked npm packages (once; a minute, more on a busy machine) ...\n');
  const npmCli = process.env.npm_execpath ?? '';
  const [command, first] = npmCli.endsWith('npm-cli.js')
    ? [process.env.npm_node_execpath ?? process.execPath, [npmCli]]
    : ['npm', []];
  const args = [
    ...first,
    'ci',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const since = Date.now();
  const stillAtIt = setInterval(() => {
    process.stderr.write(`  still installing (${Math.round((Date.now() - since) / 1_000)} s)\n`);
  }, TOLD_EVERY_MS);
  const { error, status } = await ended(
    spawn(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  clearInterval(stillAtIt);
  if (error) return fail(`npm could not be started (${error.message}); install Node.js with npm.`);
  if (status !== 0)
    return fail('npm ci failed, see above. Is the npm registry reachable, and is the disk full?');
}

function ended(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (status) => resolve({ status }));
  });
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function fail(line) {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}
