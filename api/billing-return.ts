// The page to which Stripe sends people back: settles what was paid, waits for its entry, and says what is known.
import type { RequestHandler } from 'express';
import { saveCard } from '../activities/payments/cards.ts';
import type { PaymentClients } from '../activities/payments/clients.ts';
import { settleCheckout } from '../activities/payments/settle.ts';
import { formatDollars } from '../ledger/money.ts';
import { findTopUpBySession } from '../ledger/payments/top-ups.ts';
import type { Principal } from './principal.ts';

export interface BillingReturnOptions {
  readonly payments: PaymentClients;
  /** Has everything posted that waits; throws when Temporal does not answer in time. */
  readonly postNow: (accountId: string) => Promise<unknown>;
  readonly resolvePrincipal: (request: Parameters<RequestHandler>[0]) => Promise<Principal | undefined>;
}

interface Page {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

/** Handles `GET /billing/return?session_id=…`: plain HTML that works without scripts, and tells nothing to strangers. */
export function billingReturn(options: BillingReturnOptions): RequestHandler {
  return async (request, response) => {
    const sessionId = request.query['session_id'];
    const isSession = typeof sessionId === 'string' && /^cs_[A-Za-z0-9_]{1,250}$/.test(sessionId);
    const principal = await options.resolvePrincipal(request).catch(() => undefined);
    const page = isSession ? await pageFor(options, sessionId, principal).catch(() => UNCERTAIN) : UNKNOWN;
    response
      .status(page.status)
      .set('cache-control', 'no-store')
      .type('html')
      .send(html(page, options.payments.baseUrl));
  };
}

const UNKNOWN: Page = {
  status: 404,
  title: 'Nothing to see here',
  text: 'This link is incomplete, or it is not one of ours.',
};
const UNCERTAIN: Page = {
  status: 200,
  title: 'We are still asking',
  text: 'The payment provider has not confirmed it to us yet. If you paid, your credit appears by itself within minutes; there is no need to pay again.',
};
const CARD_PAGES = {
  saved: {
    status: 200,
    title: 'Your card is saved',
    text: 'Nothing was charged. You can use it for auto top-up now.',
  },
  open: {
    status: 200,
    title: 'No card was saved',
    text: 'You can try again at any time. Nothing was charged.',
  },
  'not-completed': {
    status: 200,
    title: 'No card was saved',
    text: 'You can try again at any time. Nothing was charged.',
  },
} as const;

async function pageFor(
  { payments, postNow }: BillingReturnOptions,
  sessionId: string,
  principal: Principal | undefined,
): Promise<Page> {
  const topUp = await findTopUpBySession(payments.pool, sessionId);
  if (topUp === undefined) {
    const outcome = await saveCard(payments, sessionId);
    return outcome === 'unknown' ? UNKNOWN : CARD_PAGES[outcome];
  }
  const isPayer = principal?.kind === 'person' && principal.personId === topUp.payer.id;
  const settled = await settleCheckout(payments, sessionId);
  switch (settled.kind) {
    case 'credited':
    case 'again': {
      const isPosted = await postNow(topUp.accountId).then(
        () => true,
        () => false,
      );
      const amount = isPayer
        ? `Your payment of $${formatDollars(topUp.amount)} was received.`
        : 'The payment was received.';
      const where = isPosted
        ? 'It is in the balance.'
        : 'It counts in the balance already; its entry follows shortly.';
      return { status: 200, title: 'Thank you', text: `${amount} ${where}` };
    }
    case 'not-paid':
      return settled.status === 'complete'
        ? {
            status: 200,
            title: 'The payment is under way',
            text: 'Your bank has not confirmed it yet. Your credit appears by itself as soon as it does.',
          }
        : {
            status: 200,
            title: 'Not paid',
            text: 'This payment was not completed, and nothing was charged.',
          };
    case 'quarantined':
      return {
        status: 200,
        title: 'We are looking at your payment',
        text: 'It was received but could not be matched by itself. An operator has been told and will get it right.',
      };
    case 'ignored':
      return UNKNOWN;
    default:
      return settled satisfies never;
  }
}

function html({ title, text }: Page, baseUrl: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>
<body><main><h1>${title}</h1><p>${text}</p><p><a href="${baseUrl}/">Go on</a></p></main></body>
</html>
`;
}
