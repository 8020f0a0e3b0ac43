// The API as it describes itself: its OpenAPI document, asked of it without a database or anything else to reach.
import { apiConfig } from '../api/config.ts';
import { createLogger } from '../api/logging.ts';
import { startApi } from '../api/start.ts';

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

/** Starts the API for a moment and returns its OpenAPI document. */
export async function describedApi(): Promise<string> {
  const api = await startApi(apiConfig(NOWHERE), createLogger('api', 'silent'));
  try {
    const response = await fetch(`http://127.0.0.1:${api.port}/openapi.json`);
    return await response.text();
  } finally {
    await api.close();
  }
}
