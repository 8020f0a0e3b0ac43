// Request log: one line per request of Express, without headers, query or body, which may hold secrets.
import type { RequestHandler } from 'express';
import { type Logger, withoutSecrets } from './logging.ts';

const MACHINES = /^\/(healthz|readyz|metrics)$/;

/** Logs every request at its end; what machines ask all the time only at level debug. */
export function logRequests(log: Logger): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    // an invitation's link has its secret in the path
    const path = withoutSecrets(request.path);
    response.once('close', () => {
      log[MACHINES.test(path) ? 'debug' : 'info'](
        {
          requestId: request.id,
          method: request.method,
          path,
          status: response.statusCode,
          durationMs: Math.round(performance.now() - startedAt),
          ...(!response.writableFinished && { aborted: true }),
        },
        'request',
      );
    });
    next();
  };
}
