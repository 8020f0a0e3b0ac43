// The app: what the HTTP server answers with, from the bare usage routes over Express to the last 404.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import express, { type Express, type Request, type RequestHandler } from 'express';
import { allowOrigins } from './cors.ts';
import { answerErrors } from './errors.ts';
import { type HealthSources, serveLiveness, serveReadiness } from './health.ts';
import { jsonBody } from './json-body.ts';
import type { Logger } from './logging.ts';
import type { Metrics } from './metrics.ts';
import { guardMetrics } from './metrics-access.ts';
import { serveOpenApi } from './openapi.ts';
import type { Principal } from './principal.ts';
import { Problem } from './problem.ts';
import { serveProblemPage } from './problem-pages.ts';
import { assignRequestId } from './request-id.ts';
import { logRequests } from './request-log.ts';
import { mountRoutes, type Route } from './route.ts';
import { requireSameOrigin, type TrustedOrigins } from './same-origin.ts';
import { securityHeaders } from './security-headers.ts';

export interface AppParts extends TrustedOrigins {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: HealthSources;
  /** The proxies whose `X-Forwarded-For` is believed. */
  readonly trustProxy: readonly string[];
  /** With it, and only with it, `/metrics` is read from elsewhere. */
  readonly metricsToken: string | undefined;
  readonly routes: readonly Route[];
  /** Routes that Express does not serve, for the OpenAPI document. */
  readonly bareRoutes?: readonly Route['spec'][];
  /** Who calls. Throws `token-expired`, `token-revoked`. */
  readonly resolvePrincipal: (request: Request) => Promise<Principal | undefined>;
  /** Serves `/api/auth/*`; reads its body itself. */
  readonly auth: RequestHandler;
  /** Serves the pages that mails about sign-in lead to, under `/sign-in`. */
  readonly signInPages: RequestHandler;
  /** Serves `POST /webhooks/stripe`; gets the raw body. */
  readonly webhook?: RequestHandler;
  /** Serves `/billing/*`: where Stripe's hosted pages and mails about payments lead to. */
  readonly billingPages?: RequestHandler;
  /** Serves everything that no route of the API knows: the web console. */
  readonly fallback?: RequestHandler;
}

/** Answers a request of its own and returns `true`, or leaves it to Express with `false`. */
export type BareHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

const MAX_WEBHOOK_BYTES = '1mb';

/** The Express app with all of its routes. */
export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', [...parts.trustProxy]);
  app.use(assignRequestId, logRequests(parts.log), parts.metrics.observe, ...securityHeaders(parts.baseUrl));
  app.use(allowOrigins(parts.corsOrigins), requireSameOrigin(parts, parts.resolvePrincipal));
  app.get('/healthz', serveLiveness);
  app.get('/readyz', serveReadiness(parts.health));
  app.get('/metrics', guardMetrics(parts), parts.metrics.serve);
  app.get(
    '/openapi.json',
    serveOpenApi([...parts.routes.map(({ spec }) => spec), ...(parts.bareRoutes ?? [])], parts.baseUrl),
  );
  app.get('/problems/:code', serveProblemPage);
  app.use('/api/auth', parts.auth);
  // mails about sign-in lead to the console's own pages where it is built
  if (parts.fallback !== undefined) app.get('/sign-in/{*page}', parts.fallback);
  app.use('/sign-in', parts.signInPages);
  if (parts.webhook !== undefined) {
    app.post('/webhooks/stripe', express.raw({ type: () => true, limit: MAX_WEBHOOK_BYTES }), parts.webhook);
  }
  if (parts.billingPages !== undefined) app.use('/billing', parts.billingPages);
  app.use('/v1', noStore);
  app.use(jsonBody);
  app.use(mountRoutes(parts.routes));
  if (parts.fallback !== undefined) app.use(parts.fallback);
  app.use((request) => {
    throw new Problem('not-found', `There is nothing at ${request.path}.`);
  });
  app.use(answerErrors(parts.log));
  return app;
}

/*
 * Kept alive for longer than a load balancer keeps its side (60 s), so that it never sends into a closing connection.
 * Headers are small and come at once or not at all; a request has half a minute to arrive whole, and usage 10 s of it.
 */
const TIMEOUTS = {
  keepAliveTimeout: 65_000,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
} as const;

/** The HTTP server: the bare handler is asked first, because Express costs five times as much CPU a request. */
export function createServer(app: Express, bareHandler?: BareHandler): Server {
  const server = createHttpServer(TIMEOUTS);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (bareHandler?.(request, response) !== true) app(request, response);
  });
  return server;
}

/** Balances and histories are nobody's to keep but the caller's. */
const noStore: RequestHandler = (_request, response, next) => {
  response.set('cache-control', 'no-store');
  next();
};
