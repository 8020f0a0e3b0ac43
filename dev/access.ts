// `npm run access`: writes docs/access.md from what the API's routes declare.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { accessDocument } from './access/document.ts';
import { operationsOf } from './access/operations.ts';
import { commandLine, runCommand } from './command.ts';
import { describedApi } from './described-api.ts';

const HELP = `
Usage: npm run access

Starts the API for a moment, without a database, asks it for its OpenAPI document and writes to docs/access.md who may
call which route. Run it after adding or changing a route; a test compares.
`;

await runCommand(HELP, async () => {
  commandLine({ options: {} });
  const file = fileURLToPath(new URL('../docs/access.md', import.meta.url));
  writeFileSync(file, accessDocument(operationsOf(JSON.parse(await describedApi()))));
  process.stdout.write('docs/access.md is written\n');
  return 0;
});
// an API that could not even be described may hold connections open
process.exit();
