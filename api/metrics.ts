// Metrics: what the API process measures, for Prometheus.
import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export interface Metrics {
  /** Where other parts of the process register their own. */
  readonly registry: Registry;
  /** Measures every request of Express by route, never by address, so that ids do not become labels. */
  readonly observe: RequestHandler;
  /** `GET /metrics`. */
  readonly serve: RequestHandler;
}

/** The metrics of one API process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const durations = new Histogram({
    name: 'coffer_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer, without the bare usage routes',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  return {
    registry,
    observe(request, response, next) {
      const stop = durations.startTimer();
      response.once('close', () => {
        // how long somebody kept a stream open is not how long an answer took
        if (String(response.getHeader('content-type')).startsWith('text/event-stream')) return;
        const route: unknown = request.route?.path;
        stop({
          method: request.method,
          route: typeof route === 'string' ? route : 'other',
          status: String(response.statusCode),
        });
      });
      next();
    },
    async serve(_request, response) {
      response.set('content-type', registry.contentType).end(await registry.metrics());
    },
  };
}
