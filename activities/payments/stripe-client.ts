// The official Stripe client, set up so that Temporal is the one retry policy and a sandbox only takes test keys.
import Stripe from 'stripe';

export interface StripeOptions {
  readonly secretKey: string;
  /** The address of a sandbox; only beside a test key, and never in production. */
  readonly apiBase?: string | undefined;
}

const TIMEOUT_MS = 30_000;

/** Makes the client. Throws for a sandbox beside a key that is not a test key. */
export function createStripeClient({ secretKey, apiBase }: StripeOptions): Stripe {
  return new Stripe(secretKey, {
    apiVersion: '2026-10-28.endive',
    maxNetworkRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: false,
    emitEventBodies: false,
    ...(apiBase !== undefined && sandbox(secretKey, apiBase)),
  });
}

function sandbox(secretKey: string, apiBase: string) {
  if (!/^(sk|rk)_test_/.test(secretKey))
    throw new Error('a Stripe sandbox is only spoken to with a test key');
  const { hostname, port, protocol } = new URL(apiBase);
  const secure = protocol === 'https:';
  return { host: hostname, port: port || (secure ? 443 : 80), protocol: secure ? 'https' : 'http' } as const;
}
