// Sign-in and the routes of people and keys on a real HTTP server, for tests of who may do what.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler } from 'express';
import type { Auth } from '../../api/auth.ts';
import { authHandler } from '../../api/auth-handler.ts';
import { resolvePrincipal } from '../../api/principal.ts';
import { problemBody, problemFrom, problems } from '../../api/problem.ts';
import { mountRoutes } from '../../api/route.ts';
import { apiKeyRoutes } from '../../api/routes/api-keys.ts';
import { meRoutes } from '../../api/routes/me.ts';
import type { Clock } from '../../ledger/clock.ts';
import { listen } from '../../ledger/notifications.ts';
import { serviceTokens } from '../../ledger/service-tokens.ts';
import type { TestDatabase } from './database.ts';
import { createTestAuth, signIn } from './people.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export interface PeopleApi {
  readonly url: string;
  readonly auth: Auth;
  /** Sends a request; `as` is a person's id or a whole token, `headers` come on top. */
  call(
    method: string,
    path: string,
    more?: { as?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>;
  close(): Promise<void>;
}

/** Starts the server on a free port; its tokens are kept in memory as in production. */
export async function startPeopleApi(
  database: TestDatabase,
  clock: Clock = () => new Date(),
): Promise<PeopleApi> {
  const { pool, url: databaseUrl } = database;
  const app = express();
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${portOf(server.address())}`;
  const auth = createTestAuth(pool, url);
  const notifications = await listen(databaseUrl, ['service_tokens']);
  const sources = { auth, pool, serviceTokens: serviceTokens(pool, clock, notifications) };
  const surroundings = {
    pool,
    clock,
    live: false,
    resolvePrincipal: (request: express.Request) => resolvePrincipal(sources, request.headers),
  };
  app.use((request, _response, next) => {
    Object.assign(request, { id: randomUUID() });
    next();
  });
  app.use('/api/auth', authHandler(auth, url));
  app.use(express.json());
  app.use(mountRoutes([...meRoutes(surroundings), ...apiKeyRoutes(surroundings)]));
  app.use(answerProblem);
  return {
    url,
    auth,
    async call(method, path, { as, body, headers = {} } = {}) {
      const token =
        as === undefined
          ? undefined
          : as.includes('.') || as.startsWith('cof_')
            ? as
            : await signIn(auth, as);
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: parsed(text) };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await notifications.close();
    },
  };
}

const answerProblem: ErrorRequestHandler = (error, _request, response, _next) => {
  const { code, message, errors } = problemFrom(error);
  response
    .status(problems[code].status)
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(code, { detail: message, ...(errors && { errors }) })));
};

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
