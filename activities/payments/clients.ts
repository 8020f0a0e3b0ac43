// What everything that handles payments works with; made once per process, in the worker and in the API.
import type { Clock } from '../../ledger/clock.ts';
import type { Pool } from '../../ledger/database.ts';
import type { StripeAccess } from './stripe.ts';

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
  /** Rings the actor of an account that was credited. Must not throw: the sweeper rings again. */
  ring(accountId: string, commandKey: string): Promise<void>;
}
