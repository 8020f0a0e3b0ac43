// The task that has Customers of erased people deleted at Stripe.
import type { PaymentClients } from '../activities/payments/clients.ts';
import { eraseCustomer } from '../activities/payments/erased-customers.ts';
import { takeErasedCustomers } from '../ledger/payments/erased-customers.ts';
import type { SweepTask } from './sweeper.ts';

/** Deletes at Stripe whom Coffer has erased; whatever fails comes again. */
export function erasedCustomers(clients: PaymentClients): SweepTask {
  return {
    name: 'erased-customers',
    async run(now, most) {
      const ids = await takeErasedCustomers(clients.pool, now, Math.min(most, 10));
      for (const id of ids) await eraseCustomer(clients, id);
      return ids.length;
    },
  };
}
