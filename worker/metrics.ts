// The worker's metrics, and the small HTTP server that Prometheus and health checks read.
import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** How many rings are unanswered, and the age of the oldest. */
export type CountRings = () => Promise<{ readonly rings: number; readonly oldestSeconds: number }>;

export interface WorkerMetrics {
  readonly registry: Registry;
  readonly rings: Counter<'reason' | 'outcome'>;
  readonly swept: Counter<'task'>;
  readonly sweepFailures: Counter;
  readonly sweepSeconds: Histogram;
  readonly postings: Counter<'outcome'>;
  readonly postingSeconds: Histogram;
  readonly entries: Counter;
  readonly commandsRefused: Counter;
  readonly charges: Counter<'outcome'>;
  readonly topUps: Counter<'mode' | 'state'>;
  readonly webhookEvents: Counter<'result'>;
}

/** Makes the metrics in a registry of their own; `countRings` is asked at every scrape. */
export function createWorkerMetrics(countRings?: CountRings): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  if (countRings !== undefined) watchRings(registry, countRings);
  const registers = [registry];
  return {
    registry,
    rings: new Counter({
      name: 'coffer_rings_total',
      help: 'Rings that the sweeper sent to account actors, by reason and outcome',
      labelNames: ['reason', 'outcome'],
      registers,
    }),
    swept: new Counter({
      name: 'coffer_swept_total',
      help: 'Pieces of work the sweeper took up, by task',
      labelNames: ['task'],
      registers,
    }),
    sweepFailures: new Counter({
      name: 'coffer_sweep_failures_total',
      help: 'Sweeps in which a task failed',
      registers,
    }),
    sweepSeconds: new Histogram({
      name: 'coffer_sweep_seconds',
      help: 'How long a sweep took',
      buckets: [0.005, 0.02, 0.1, 0.5, 1, 3, 10],
      registers,
    }),
    postings: new Counter({
      name: 'coffer_postings_total',
      help: 'Postings that committed: with entries, or empty',
      labelNames: ['outcome'],
      registers,
    }),
    postingSeconds: new Histogram({
      name: 'coffer_posting_seconds',
      help: 'How long a posting took, from its begin to its commit',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2, 8],
      registers,
    }),
    entries: new Counter({ name: 'coffer_entries_total', help: 'Entries written', registers }),
    commandsRefused: new Counter({
      name: 'coffer_commands_refused_total',
      help: 'Ledger commands that the database refused; each needs an operator',
      registers,
    }),
    charges: new Counter({
      name: 'coffer_charges_total',
      help: 'Charge requests to Stripe: by the state of the payment, the class of a decline, or the fault',
      labelNames: ['outcome'],
      registers,
    }),
    topUps: new Counter({
      name: 'coffer_top_ups_total',
      help: 'Top-ups that came to their end, by mode and state',
      labelNames: ['mode', 'state'],
      registers,
    }),
    webhookEvents: new Counter({
      name: 'coffer_webhook_events_total',
      help: 'Events of Stripe that were followed up: processed, ignored, or failed and tried again',
      labelNames: ['result'],
      registers,
    }),
  };
}

function watchRings(registry: Registry, countRings: CountRings): void {
  const registers = [registry];
  const oldest = new Gauge({
    name: 'coffer_unanswered_ring_oldest_seconds',
    help: 'The age of the oldest unanswered ring',
    registers,
  });
  new Gauge({
    name: 'coffer_unanswered_rings',
    help: 'Rings without an answer for more than 3 s; -1 while the database is away',
    registers,
    async collect() {
      const { rings, oldestSeconds } = await countRings().catch(() => ({ rings: -1, oldestSeconds: 0 }));
      this.set(rings);
      oldest.set(oldestSeconds);
    },
  });
}

/** What `/healthz` says: 200 with `healthy`, else 503. */
export interface Health {
  readonly healthy: boolean;
  readonly [part: string]: unknown;
}

/** Serves `/metrics` and `/healthz`. Returns the server once it listens. */
export async function serveMetrics(
  { registry }: WorkerMetrics,
  health: () => Health,
  address: { readonly host: string; readonly port: number },
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === '/healthz') {
      const state = health();
      response.writeHead(state.healthy ? 200 : 503, { 'content-type': 'application/json' });
      response.end(JSON.stringify(state));
    } else if (request.url === '/metrics') {
      registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  return server;
}
