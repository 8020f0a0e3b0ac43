// Builds the web console when it is not built from what its sources are now; else says nothing.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { CommandFailed, commandLine, runCommand } from './command.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, 'console');
const STAMP = join(FOLDER, 'dist', '.built-from');

const HELP = `
Usage: npm run build

Builds the web console into console/dist, which the API serves. Does nothing when it is built already from the same
sources; npm start and npm test call it by themselves.
`;

await runCommand(HELP, async () => {
  commandLine({ options: {} });
  const sources = digest();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === sources) return 0;
  process.stderr.write('Building the web console ...\n');
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  const done = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (done.status !== 0) throw new CommandFailed('The web console could not be built, see above.');
  compress();
  writeFileSync(STAMP, sources);
  return 0;
});

/** Puts the compressed forms of every script and style beside it, once, so that no request has to. */
function compress(): void {
  const assets = join(FOLDER, 'dist', 'assets');
  for (const file of globSync('*.{js,css}', { cwd: assets })) {
    const whole = readFileSync(join(assets, file));
    writeFileSync(join(assets, `${file}.gz`), gzipSync(whole, { level: 9 }));
    writeFileSync(join(assets, `${file}.br`), brotliCompressSync(whole));
  }
}

/** One hash over everything that the build is made of. */
function digest(): string {
  const files = ['../package-lock.json', 'index.html', 'package.json', 'vite.config.ts']
    .concat('../dev/build-console.ts', globSync('{src,public,build}/**/*.*', { cwd: FOLDER }))
    .sort();
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(FOLDER, file)))
      .update('\0');
  return hash.digest('hex');
}
