// Puts usage intake together for the API process: its connections, caches, doorbell, metrics and handler.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Clock } from '../../ledger/clock.ts';
import { createPool, type Pool } from '../../ledger/database.ts';
import type { Notifications } from '../../ledger/notifications.ts';
import type { ServiceTokens } from '../../ledger/token-directory.ts';
import type { BareHandler } from '../app.ts';
import type { Doorbell } from '../doorbell.ts';
import type { Logger } from '../logging.ts';
import { bearerToken } from '../principal.ts';
import { createUsageHandler, type UsageSender } from './handler.ts';
import { Intake } from './intake.ts';

/** The channels of `pg_notify` that intake has to hear. */
export const intakeChannels = ['api_keys', 'prices'] as const;

const FLUSH_CONNECTIONS = 2;
const LOCK_TIMEOUT_MS = 250;

export interface IntakeParts {
  readonly databaseUrl: string;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly doorbell: Doorbell;
  readonly serviceTokens: ServiceTokens;
  /** Undefined while nobody listens; caches then live for a second or five all the same. */
  readonly notifications?: Notifications;
}

export interface RunningIntake {
  readonly handler: BareHandler;
  readonly intake: Intake;
  /** Decides what was taken in, then closes its connections. */
  close(): Promise<void>;
}

/** Starts intake. It needs no database to start: requests are answered 503 until there is one. */
export function startIntake(parts: IntakeParts): RunningIntake {
  const { pool, clock, log, registry, doorbell, notifications } = parts;
  const flushPool = createPool(parts.databaseUrl, {
    applicationName: 'coffer flush',
    most: FLUSH_CONNECTIONS,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  });
  const metrics = intakeMetrics(registry, () => intake.depth);
  const intake = new Intake({
    pool,
    flushPool,
    clock,
    onCrossing: (crossing) => doorbell.ring(crossing),
    onUnpriced: (model, accountId) => {
      metrics.unpriced.inc();
      log.error({ model, accountId }, 'usage of a model without a price waits: import its price');
    },
    onResult: (status, events) => metrics.events.inc({ status }, events),
    onFlush: (events, seconds) => {
      metrics.flushEvents.observe(events);
      metrics.flushSeconds.observe(seconds);
    },
  });
  notifications?.on('api_keys', () => intake.keys.forget());
  notifications?.on('prices', () => intake.forgetPrices());
  return {
    intake,
    handler: createUsageHandler({
      intake,
      authenticate: (authorization) => authenticate(parts.serviceTokens, authorization),
      onFailure: (error, requestId) => log.error({ err: error, requestId }, 'usage could not be recorded'),
    }),
    async close() {
      await intake.drain();
      await flushPool.end();
    },
  };
}

function authenticate(
  tokens: ServiceTokens,
  authorization: string | undefined,
): UsageSender | undefined | Promise<UsageSender | undefined> {
  const secret = bearerToken(authorization === undefined ? {} : { authorization });
  if (secret === undefined) return undefined;
  const cached = tokens.verifyCached(secret);
  if (cached !== undefined) return cached.kind === 'gateway' ? cached : undefined;
  return tokens.verify(secret).then((token) => (token?.kind === 'gateway' ? token : undefined));
}

function intakeMetrics(registry: Registry, depth: () => number) {
  const registers = [registry];
  new Gauge({
    name: 'coffer_usage_waiting_events',
    help: 'Usage events that wait for their commit',
    registers,
    collect() {
      this.set(depth());
    },
  });
  return {
    events: new Counter({
      name: 'coffer_usage_events_total',
      help: 'Usage events by what became of them',
      labelNames: ['status'],
      registers,
    }),
    unpriced: new Counter({
      name: 'coffer_usage_unpriced_total',
      help: 'Usage events that wait for the price of their model',
      registers,
    }),
    flushEvents: new Histogram({
      name: 'coffer_flush_events',
      help: 'Usage events a flush',
      buckets: [1, 10, 50, 100, 250, 500, 1000],
      registers,
    }),
    flushSeconds: new Histogram({
      name: 'coffer_flush_seconds',
      help: 'How long a flush took, to its commit',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      registers,
    }),
  };
}
