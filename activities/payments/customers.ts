// The Stripe Customer of a person: made when it is first needed, found by our row and never by e-mail.
import { setTimeout as sleep } from 'node:timers/promises';
import Stripe from 'stripe';
import { deleteCustomer, reserveCustomer, saveCustomer } from '../../ledger/payments/customers.ts';
import type { PaymentClients } from './clients.ts';
import { isKeyInUse } from './failures.ts';

const ASK_AGAIN_MS = [50, 100, 200, 400, 800, 1_600, 3_200] as const;

/** The person's Customer id; two who ask for it at once get the same. Throws what Stripe throws. */
export async function customerOf(clients: PaymentClients, personId: string): Promise<string> {
  const customer = await reserveCustomer(clients.pool, personId, clients.clock());
  if (customer.stripeId !== null) return customer.stripeId;
  const key =
    customer.generation === 1 ? `customer:${personId}` : `customer:${personId}:${customer.generation}`;
  const params = { email: customer.email, metadata: { personId, deployment: clients.deployment } };
  const made = await afterOthers(() => clients.stripe.createCustomer(params, key));
  await saveCustomer(clients.pool, customer, made.id);
  return made.id;
}

/** Asks again while another request with the same key is under way: the answer is the one that it gets. */
async function afterOthers<T>(create: () => Promise<T>): Promise<T> {
  for (const ms of ASK_AGAIN_MS) {
    try {
      return await create();
    } catch (error) {
      if (!isKeyInUse(error)) throw error;
    }
    await sleep(ms);
  }
  return create();
}

/** Runs `work` with the person's Customer; once more with a new one when Stripe says that it was deleted. */
export async function withCustomer<T>(
  clients: PaymentClients,
  personId: string,
  work: (customerId: string) => Promise<T>,
): Promise<T> {
  const customerId = await customerOf(clients, personId);
  try {
    return await work(customerId);
  } catch (error) {
    if (!isGone(error)) throw error;
    await deleteCustomer(clients.pool, customerId, clients.clock());
    return work(await customerOf(clients, personId));
  }
}

function isGone(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeError &&
    error.code === 'resource_missing' &&
    error.param === 'customer'
  );
}
