// The page to which Stripe sends people who turned back: its payer goes on in the console, others learn nothing.
import type { RequestHandler } from 'express';
import { validate as isUuid } from 'uuid';
import type { PaymentClients } from '../activities/payments/clients.ts';
import { findTopUp } from '../ledger/payments/top-ups.ts';
import { payersAddress } from './billing-address.ts';
import type { BillingReturnOptions } from './billing-return.ts';
import { type PlainPage, plainPage } from './plain-page.ts';
import type { Principal } from './principal.ts';

/** Handles `GET /billing/cancelled/{topUpId}`. Changes nothing: its page can still be paid until it expires. */
export function billingCancelled(
  options: Pick<BillingReturnOptions, 'payments' | 'resolvePrincipal'>,
): RequestHandler<{ topUpId: string }> {
  const { payments, resolvePrincipal } = options;
  return async (request, response) => {
    const principal = await resolvePrincipal(request).catch(() => undefined);
    const address = await addressOf(payments, request.params.topUpId, principal).catch(() => undefined);
    response.set('cache-control', 'no-store');
    if (address !== undefined) response.redirect(303, address);
    else
      response
        .type('html')
        .send(plainPage({ ...NOT_PAID, signIn: principal === undefined }, payments.baseUrl));
  };
}

const NOT_PAID: PlainPage = {
  status: 200,
  tone: 'bad',
  title: 'Not paid',
  text: 'You came back without paying, and nothing was charged.',
};

async function addressOf(
  { pool }: PaymentClients,
  topUpId: string,
  principal: Principal | undefined,
): Promise<string | undefined> {
  const topUp = isUuid(topUpId) ? await findTopUp(pool, topUpId) : undefined;
  return topUp && payersAddress(pool, topUp, principal, { cancelled: 'true' });
}
