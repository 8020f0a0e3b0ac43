// `npm run client`: writes the types of the console's client from the API's own OpenAPI document.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandFailed, commandLine, runCommand } from './command.ts';
import { describedApi } from './described-api.ts';

const HELP = `
Usage: npm run client -- [--output FILE]

Writes console/src/api/schema.d.ts, the types through which the web console calls the API. Run it after adding or
changing a route; a test compares.
`;

const CONSOLE = fileURLToPath(new URL('../console/', import.meta.url));

await runCommand(HELP, async () => {
  const { values } = commandLine({ options: { output: { type: 'string' } } });
  const output = values.output ?? join(CONSOLE, 'src', 'api', 'schema.d.ts');
  const folder = mkdtempSync(join(tmpdir(), 'coffer-client-'));
  try {
    const document = join(folder, 'openapi.json');
    writeFileSync(document, await describedApi());
    const generator = join(CONSOLE, 'node_modules', 'openapi-typescript', 'bin', 'cli.js');
    const made = spawnSync(process.execPath, [generator, document, '-o', output, '--root-types'], {
      cwd: CONSOLE,
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new CommandFailed(`The types could not be made: ${made.stderr}`);
    process.stdout.write(`${output} is written\n`);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
