// The page to which Stripe sends people back: settles what was paid, waits for its entry, and says what is known.
import type { RequestHandler } from 'express';
import { type SetupOutcome, saveCard } from '../activities/payments/cards.ts';
import type { PaymentClients } from '../activities/payments/clients.ts';
import { type Settlement, settleCheckout } from '../activities/payments/settle.ts';
import type { Pool } from '../ledger/database.ts';
import { formatDollars } from '../ledger/money.ts';
import { type CardSetup, findCardSetupBySession } from '../ledger/payments/card-setups.ts';
import { findTopUpBySession, type TopUp } from '../ledger/payments/top-ups.ts';
import { askOnce } from './ask-once.ts';
import { cardAddress, payersAddress } from './billing-address.ts';
import { NOTHING_HERE, type PlainPage, plainPage } from './plain-page.ts';
import type { Principal } from './principal.ts';

export interface BillingReturnOptions {
  readonly payments: PaymentClients;
  /** Has everything posted that waits; throws when Temporal does not answer in time. */
  readonly postNow: (accountId: string) => Promise<unknown>;
  readonly resolvePrincipal: (request: Parameters<RequestHandler>[0]) => Promise<Principal | undefined>;
}

/** Anybody may open the page: each session is looked at again only this long after it was. */
const LOOK_AGAIN_MS = 3_000;

type Outcome =
  | { readonly kind: 'paid'; readonly topUp: TopUp; readonly isPosted: boolean }
  | { readonly kind: 'not-settled'; readonly settlement: Settlement }
  | { readonly kind: 'card'; readonly outcome: SetupOutcome };

/**
 * Handles `GET /billing/return?session_id=…`. Whoever paid and is signed in goes on in the console, which shows what
 * became of it; everybody else reads a page that tells nothing to strangers. Stripe is only asked about sessions that
 * our own rows know, and about each of them once in a while, however often the page is opened.
 */
export function billingReturn(options: BillingReturnOptions): RequestHandler {
  const { pool, baseUrl } = options.payments;
  const look = askOnce(LOOK_AGAIN_MS, (sessionId) => lookAt(options, sessionId));
  return async (request, response) => {
    const sessionId = request.query['session_id'];
    const isSession = typeof sessionId === 'string' && /^cs_[A-Za-z0-9_]{1,250}$/.test(sessionId);
    const principal = await options.resolvePrincipal(request).catch(() => undefined);
    const found = isSession
      ? await findSession(pool, sessionId).catch(() => 'uncertain' as const)
      : undefined;
    const outcome =
      isSession && found !== undefined ? await look(sessionId).catch(() => undefined) : undefined;
    response.set('cache-control', 'no-store');
    const address =
      found === undefined || found === 'uncertain'
        ? undefined
        : await addressOf(pool, found, outcome, principal).catch(() => undefined);
    if (address !== undefined) {
      response.redirect(303, address);
      return;
    }
    const page =
      found === undefined ? NOTHING_HERE : outcome === undefined ? UNCERTAIN : pageOf(outcome, principal);
    response
      .status(page.status)
      .type('html')
      .send(plainPage({ ...page, signIn: principal === undefined && page.status === 200 }, baseUrl));
  };
}

type Session =
  | { readonly kind: 'top-up'; readonly topUp: TopUp }
  | { readonly kind: 'card'; readonly setup: CardSetup };

async function findSession(pool: Pool, sessionId: string): Promise<Session | undefined> {
  const topUp = await findTopUpBySession(pool, sessionId);
  if (topUp !== undefined) return { kind: 'top-up', topUp };
  const setup = await findCardSetupBySession(pool, sessionId);
  return setup && { kind: 'card', setup };
}

/** Where its payer, or who saved the card, goes on; nobody else. */
async function addressOf(
  pool: Pool,
  session: Session,
  outcome: Outcome | undefined,
  principal: Principal | undefined,
): Promise<string | undefined> {
  if (session.kind === 'top-up') return payersAddress(pool, session.topUp, principal);
  const isTheirs = principal?.kind === 'person' && principal.personId === session.setup.personId;
  return isTheirs && outcome?.kind === 'card' ? cardAddress(outcome.outcome === 'saved') : undefined;
}

async function lookAt({ payments, postNow }: BillingReturnOptions, sessionId: string): Promise<Outcome> {
  const topUp = await findTopUpBySession(payments.pool, sessionId);
  if (topUp === undefined) return { kind: 'card', outcome: await saveCard(payments, sessionId) };
  if (topUp.state !== 'paid') {
    const settlement = await settleCheckout(payments, sessionId);
    if (settlement.kind !== 'credited' && settlement.kind !== 'again')
      return { kind: 'not-settled', settlement };
  }
  const isPosted = await postNow(topUp.accountId).then(
    () => true,
    () => false,
  );
  return { kind: 'paid', topUp, isPosted };
}

const UNCERTAIN: PlainPage = {
  status: 200,
  tone: 'waiting',
  title: 'We are still asking',
  text: 'The payment provider has not confirmed it to us yet. If you paid, your credit appears by itself within minutes; there is no need to pay again.',
};
const NO_CARD: PlainPage = {
  status: 200,
  tone: 'bad',
  title: 'No card was saved',
  text: 'You can try again at any time. Nothing was charged.',
};
const CARD_PAGES: Record<SetupOutcome, PlainPage> = {
  saved: {
    status: 200,
    tone: 'good',
    title: 'Your card is saved',
    text: 'Nothing was charged. You can use it for auto top-up now.',
  },
  open: NO_CARD,
  'not-completed': NO_CARD,
  unknown: NOTHING_HERE,
};

function pageOf(found: Outcome, principal: Principal | undefined): PlainPage {
  switch (found.kind) {
    case 'card':
      return CARD_PAGES[found.outcome];
    case 'paid':
      return paidPage(found.topUp, found.isPosted, principal);
    case 'not-settled':
      return unsettledPage(found.settlement);
    default:
      return found satisfies never;
  }
}

function paidPage(topUp: TopUp, isPosted: boolean, principal: Principal | undefined): PlainPage {
  const isPayer = principal?.kind === 'person' && principal.personId === topUp.payer.id;
  const received = isPayer
    ? `Your payment of $${formatDollars(topUp.amount)} was received.`
    : 'The payment was received.';
  const where = isPosted
    ? 'It is in the balance.'
    : 'It counts in the balance already; its entry follows shortly.';
  return { status: 200, tone: 'good', title: 'Thank you', text: `${received} ${where}` };
}

function unsettledPage(settlement: Settlement): PlainPage {
  if (settlement.kind === 'quarantined') {
    return {
      status: 200,
      tone: 'waiting',
      title: 'We are looking at your payment',
      text: 'It was received but could not be matched by itself. An operator has been told and will get it right.',
    };
  }
  if (settlement.kind !== 'not-paid') return NOTHING_HERE;
  return settlement.status === 'complete'
    ? {
        status: 200,
        tone: 'waiting',
        title: 'The payment is under way',
        text: 'Your bank has not confirmed it yet. Your credit appears by itself as soon as it does.',
      }
    : {
        status: 200,
        tone: 'bad',
        title: 'Not paid',
        text: 'This payment was not completed, and nothing was charged.',
      };
}
