// The API as a whole: opens what it needs, wires the routes to it, listens, and ends in order.
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { type Clock, systemClock } from '../ledger/clock.ts';
import { createPool } from '../ledger/database.ts';
import { serviceTokens } from '../ledger/token-directory.ts';
import { ringAccount } from '../workflows/client.ts';
import { createApp, createServer } from './app.ts';
import { createAuth } from './auth.ts';
import { authHandler } from './auth-handler.ts';
import type { ApiConfig } from './config.ts';
import { consoleFiles } from './console.ts';
import { createDoorbell } from './doorbell.ts';
import { usageRouteSpec } from './intake/spec.ts';
import { intakeChannels, startIntake } from './intake/start.ts';
import { LiveAccounts } from './live-accounts.ts';
import type { Logger } from './logging.ts';
import { machineRoutes } from './machine-routes.ts';
import { createMetrics } from './metrics.ts';
import { listenPatiently } from './patient-notifications.ts';
import { createPayments } from './payments.ts';
import { resolvePrincipal } from './principal.ts';
import { createRateLimits } from './rate-limits.ts';
import type { RouteSurroundings } from './route.ts';
import { allRoutes } from './routes.ts';
import { signInPages } from './sign-in-pages.ts';

export interface Api {
  readonly port: number;
  /** Stops accepting, lets what was accepted end, and closes every connection; at most 8 s. */
  close(): Promise<void>;
}

const IN_FLIGHT_MS = 4_000;
const POOL_SIZE = 12;

/** Starts the API. It answers as soon as it listens; what needs Postgres while that is away is answered with 503. */
export async function startApi(config: ApiConfig, log: Logger, clock: Clock = systemClock): Promise<Api> {
  const pool = createPool(config.databaseUrl, {
    applicationName: 'coffer api',
    most: POOL_SIZE,
    onLost: (error) => log.warn({ err: error }, 'lost a connection to Postgres'),
  });
  const notifications = listenPatiently(config.databaseUrl, ['service_tokens', ...intakeChannels]);
  const connection = Connection.lazy(config.temporal.connectionOptions);
  const temporal = new Client({ connection, namespace: config.temporal.namespace ?? 'default' });
  const temporalClient = { client: temporal, taskQueue: config.taskQueue };
  const tokens = serviceTokens(pool, clock, notifications);
  const auth = createAuth({
    pool,
    baseUrl: config.baseUrl,
    secret: config.authSecret,
    log: (level, message) => log[level]({ part: 'sign-in' }, message),
  });
  const sources = { auth, pool, serviceTokens: tokens };
  const limits = createRateLimits(pool, config.rateLimits);
  const signIn = { auth, pool, limits, baseUrl: config.baseUrl };
  const liveAccounts = new LiveAccounts(pool, log);
  const people: RouteSurroundings = {
    pool,
    limits,
    resolvePrincipal: (request) => resolvePrincipal(sources, request.headers),
  };
  const metrics = createMetrics();
  const payments = createPayments(
    config,
    { pool, clock, temporal: temporalClient, log, registry: metrics.registry },
    people,
  );
  const routes = allRoutes({
    ...people,
    temporal: temporalClient,
    liveAccounts,
    clock,
    live: config.stripe.live,
    findPaymentOfCharge: payments.findPaymentOfCharge,
    ringForCommand(accountId, commandKey, requestId) {
      ringAccount(temporalClient, { accountId, reason: 'command-stored', commandKey, requestId }).catch(
        (error: unknown) =>
          log.warn({ err: error, accountId, requestId }, 'a ring was not delivered: the sweeper repeats it'),
      );
    },
  });
  const doorbell = createDoorbell(temporalClient, log);
  const intake = startIntake({
    databaseUrl: config.databaseUrl,
    pool,
    clock,
    log,
    registry: metrics.registry,
    doorbell,
    serviceTokens: tokens,
    notifications,
  });
  const console = consoleFiles();
  if (console === undefined) log.warn('the web console is not built: npm run build');
  const app = createApp({
    log,
    metrics,
    health: { pool, temporal, taskQueue: config.taskQueue },
    baseUrl: config.baseUrl,
    corsOrigins: config.corsOrigins,
    trustProxy: config.trustProxy,
    metricsToken: config.metricsToken,
    routes: [...routes, ...payments.routes],
    webhook: payments.webhook,
    billingPages: payments.billingPages,
    bareRoutes: [usageRouteSpec, ...machineRoutes],
    resolvePrincipal: people.resolvePrincipal,
    auth: authHandler(signIn),
    signInPages: signInPages(signIn),
    ...(console !== undefined && { fallback: console }),
  });
  const server = createServer(app, intake.handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, resolve);
  });
  return {
    port: portOf(server.address()),
    async close() {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      liveAccounts.close();
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      const timer = setTimeout(() => server.closeAllConnections(), IN_FLIGHT_MS);
      await ended;
      clearInterval(idle);
      clearTimeout(timer);
      await Promise.allSettled([intake.close(), doorbell.drain()]);
      await Promise.allSettled([notifications.close(), connection.close(), pool.end()]);
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
