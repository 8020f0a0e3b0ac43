// What everything that handles payments works with; made once per process, in the worker and in the API.
import type { Clock } from '../../ledger/clock.ts';
import type { Pool } from '../../ledger/database.ts';
import { ringAccount, type TemporalClient } from '../../workflows/client.ts';
import { type StripeAccess, stripeAccess } from './stripe.ts';
import { createStripeClient, type StripeOptions } from './stripe-client.ts';

export interface PaymentClients {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly stripe: StripeAccess;
  /** The deployment's name in Stripe's metadata: another one's payments are none of ours. */
  readonly deployment: string;
  /** Whether cards are charged for real. */
  readonly live: boolean;
  /** The public address of the API, without a slash at its end. */
  readonly baseUrl: string;
  /** Tells operators of something that needs them. */
  alert(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** Rings the actor of an account that was credited, off the caller's path. Must not throw: the sweeper rings again. */
  ring(accountId: string, commandKey: string): void;
}

export interface PaymentOptions extends StripeOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly temporal: TemporalClient;
  readonly deployment: string;
  readonly baseUrl: string;
  /** The process's log. */
  readonly logger: {
    error(fields: Readonly<Record<string, unknown>>, message: string): void;
    warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  };
}

/** Makes the clients of payments over those of the process. */
export function createPaymentClients(options: PaymentOptions): PaymentClients {
  const { pool, clock, temporal, deployment, baseUrl, logger, secretKey } = options;
  return {
    pool,
    clock,
    deployment,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    live: /^(sk|rk)_live_/.test(secretKey),
    stripe: stripeAccess(createStripeClient(options)),
    alert: (fields, message) => logger.error(fields, message),
    ring(accountId, commandKey) {
      ringAccount(temporal, { accountId, reason: 'command-stored', commandKey }).catch((error: unknown) =>
        logger.warn({ err: error, accountId }, 'a ring was not delivered: the sweeper repeats it'),
      );
    },
  };
}
