// `npm run access`: writes docs/access.md from what the API's routes declare.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { apiConfig } from '../api/config.ts';
import { createLogger } from '../api/logging.ts';
import { startApi } from '../api/start.ts';
import { accessDocument } from './access/document.ts';
import { operationsOf } from './access/operations.ts';
import { runCommand } from './command.ts';

const HELP = `npm run access

Starts the API for a moment, without a database, asks it for its OpenAPI document and writes to docs/access.md who may
call which route. Run it after adding or changing a route; a test compares.
`;

/** The API describes itself before it has reached anything: these lead nowhere. */
const NOWHERE = {
  DATABASE_URL: 'postgres://nobody@127.0.0.1:9/nothing',
  TEMPORAL_ADDRESS: '127.0.0.1:9',
  STRIPE_SECRET_KEY: 'sk_test_nothing',
  STRIPE_WEBHOOK_SECRETS: 'whsec_nothing',
  COFFER_BASE_URL: 'http://localhost:8080',
  COFFER_PORT: '0',
  COFFER_AUTH_SECRET: 'only to describe, never to sign in',
};

await runCommand(HELP, async () => {
  const api = await startApi(apiConfig(NOWHERE), createLogger('api', 'silent'));
  try {
    const response = await fetch(`http://127.0.0.1:${api.port}/openapi.json`);
    const file = fileURLToPath(new URL('../docs/access.md', import.meta.url));
    writeFileSync(file, accessDocument(operationsOf(await response.json())));
    process.stdout.write('docs/access.md is written\n');
    return 0;
  } finally {
    await api.close();
  }
});
// an API that could not even be described may hold connections open
process.exit();
