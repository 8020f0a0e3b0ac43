// Who may read the metrics: a scraper with the deployment's token; without a token only this machine, in development.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { bearerToken } from './principal.ts';
import { Problem } from './problem.ts';

export interface MetricsAccess {
  readonly baseUrl: string;
  readonly metricsToken: string | undefined;
}

const LOOPBACK = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/;
const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Lets a scraper through that sends the token. Without one configured, the metrics of a deployment that is itself on
 * localhost are open to this machine; on any other there are none to see, because behind a proxy every caller comes
 * from this machine.
 */
export function guardMetrics({ baseUrl, metricsToken }: MetricsAccess): RequestHandler {
  const isLocal = LOCAL_HOSTS.has(new URL(baseUrl).hostname);
  return (request, _response, next) => {
    if (metricsToken === undefined) {
      if (!isLocal || !LOOPBACK.test(request.socket.remoteAddress ?? '')) {
        throw new Problem('not-found', 'There is nothing here.');
      }
    } else if (!isSame(bearerToken(request.headers), metricsToken)) {
      throw new Problem('unauthenticated', 'Send "Authorization: Bearer …" with the token for metrics.');
    }
    next();
  };
}

function isSame(sent: string | undefined, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return sent !== undefined && timingSafeEqual(hash(sent), hash(expected));
}
