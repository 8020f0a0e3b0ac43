// The page that a mail about an unconfirmed charge leads to: for its payer alone, who pays it there by one click.
import type { Request, RequestHandler } from 'express';
import { validate as isUuid } from 'uuid';
import type { PaymentClients } from '../activities/payments/clients.ts';
import { openRecovery } from '../activities/payments/recover.ts';
import { formatDollars } from '../ledger/money.ts';
import { findUnconfirmed } from '../ledger/payments/recoveries.ts';
import { Refusal } from '../ledger/refusal.ts';
import { NOTHING_HERE, type PlainPage, plainPage } from './plain-page.ts';
import type { Principal } from './principal.ts';

export interface BillingRecoveryOptions {
  readonly payments: PaymentClients;
  /** Has a stored top-up followed to its end. Must not throw. */
  readonly startTopUp: (topUpId: string, accountId: string) => void;
  readonly resolvePrincipal: (request: Parameters<RequestHandler>[0]) => Promise<Principal | undefined>;
}

type Work = (
  options: BillingRecoveryOptions,
  charge: { readonly topUpId: string; readonly personId: string },
) => Promise<PlainPage>;

/** Handles `GET /billing/recover/{topUpId}`: what is to be paid, and a button. Changes nothing. */
export const showRecovery = (options: BillingRecoveryOptions) => forPayer(options, offer);

/** Handles `POST /billing/recover/{topUpId}`: opens the payment page and leads there. */
export const startRecovery = (options: BillingRecoveryOptions) => forPayer(options, open);

/** Strangers and other members read the same as for an address that does not exist. */
function forPayer(options: BillingRecoveryOptions, work: Work): RequestHandler<{ topUpId: string }> {
  return async (request, response) => {
    const page = await pageFor(options, work, request).catch((error: unknown) =>
      // a token that has ended is nobody's; everything else is no answer yet
      error instanceof Refusal ? SIGN_IN : LATER,
    );
    response
      .status(page.status)
      // without a referrer a browser would not say that the button's POST comes from our own page
      .set({ 'cache-control': 'no-store', 'referrer-policy': 'same-origin' })
      .type('html')
      .send(plainPage(page, options.payments.baseUrl));
  };
}

async function pageFor(
  options: BillingRecoveryOptions,
  work: Work,
  request: Request<{ topUpId: string }>,
): Promise<PlainPage> {
  const principal = await options.resolvePrincipal(request);
  const { topUpId } = request.params;
  if (principal === undefined) return SIGN_IN;
  if (principal.kind !== 'person' || !isUuid(topUpId)) return NOTHING_HERE;
  return work(options, { topUpId, personId: principal.personId });
}

const SIGN_IN: PlainPage = {
  status: 401,
  tone: 'waiting',
  title: 'Please sign in',
  text: 'This link is for the person whose card it is about. Sign in to Coffer, then open it again.',
};
const OVER: PlainPage = {
  status: 200,
  tone: 'good',
  title: 'Nothing left to pay',
  text: 'This charge was paid, or auto top-up has been set anew since. Nothing needs doing.',
};
const LATER: PlainPage = {
  status: 503,
  tone: 'waiting',
  title: 'Please try again in a moment',
  text: 'Something that this page needs does not answer. Nothing was charged.',
};

const offer: Work = async ({ payments }, { topUpId, personId }) => {
  const charge = await findUnconfirmed(payments.pool, topUpId, personId);
  if (charge === undefined) return NOTHING_HERE;
  if (!charge.isWaiting) return OVER;
  const amount = `$${formatDollars(charge.amount)}`;
  const whose = charge.organization ?? 'your account';
  return {
    status: 200,
    tone: 'waiting',
    title: 'Your bank wants your confirmation',
    text: `It did not let your card be charged ${amount} for ${whose} while you were away. Pay now, and auto top-up goes on afterwards.`,
    button: `Pay ${amount}`,
  };
};

const open: Work = async ({ payments, startTopUp }, charge) => {
  const recovery = await openRecovery(payments, charge);
  if (recovery === undefined) return NOTHING_HERE;
  if (recovery.kind === 'over' || recovery.topUp.checkoutUrl === null) return OVER;
  const { id, accountId, checkoutUrl } = recovery.topUp;
  startTopUp(id, accountId);
  return {
    status: 200,
    tone: 'waiting',
    title: 'One moment',
    text: 'You are being taken to the payment page.',
    onTo: { url: checkoutUrl, label: 'Go to the payment page' },
  };
};
