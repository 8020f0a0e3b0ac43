// The whole API for a test, on a database of its own and the run's Temporal, with helpers to call it.
import { randomUUID } from 'node:crypto';
import { apiConfig } from '../../api/config.ts';
import { createLogger } from '../../api/logging.ts';
import { type Api, startApi } from '../../api/start.ts';
import type { Clock } from '../../ledger/clock.ts';
import type { TestDatabase } from './database.ts';
import { TEST_AUTH_SECRET } from './people.ts';

export interface TestApi extends Api {
  readonly url: string;
  /** Calls the API; `token` is a bearer token, `body` is sent as JSON. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  /** Calls the API and reads the JSON of its answer. */
  json(method: string, path: string, options?: CallOptions): Promise<JsonAnswer>;
}

export interface CallOptions {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every form
  readonly body: any;
}

/** Starts the API on a free port, with test keys and without Stripe. */
export async function startTestApi(
  database: Pick<TestDatabase, 'url'>,
  options: { clock?: Clock; environment?: Readonly<Record<string, string>> } = {},
): Promise<TestApi> {
  const config = apiConfig({
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: process.env['TEMPORAL_ADDRESS'],
    TEMPORAL_TASK_QUEUE: `test-${randomUUID()}`,
    STRIPE_SECRET_KEY: 'sk_test_coffer',
    STRIPE_API_BASE: 'http://127.0.0.1:9',
    STRIPE_WEBHOOK_SECRETS: 'whsec_test',
    COFFER_BASE_URL: 'http://localhost:8080',
    COFFER_PORT: '0',
    COFFER_AUTH_SECRET: TEST_AUTH_SECRET,
    // everybody in a test is at one address
    COFFER_RATE_LIMITS: 'sign-up=1000/60,mails-from-address=1000/60',
    ...options.environment,
  });
  const api = await startApi(config, createLogger('api', 'silent'), options.clock);
  const url = `http://127.0.0.1:${api.port}`;
  const call: TestApi['call'] = (method, path, { token, body, headers } = {}) =>
    fetch(url + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return {
    ...api,
    url,
    call,
    async json(method, path, callOptions) {
      const response = await call(method, path, callOptions);
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
  };
}
