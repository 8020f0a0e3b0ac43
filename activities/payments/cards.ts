// Saving cards: through a hosted page in setup mode, or along with a manual top-up whose payer asked for it.
import type Stripe from 'stripe';
import {
  type CardSetup,
  endCardSetup,
  findCardSetup,
  findCardSetupBySession,
  insertCardSetup,
  saveCardSetupSession,
} from '../../ledger/payments/card-setups.ts';
import {
  CONSENT_TERMS,
  type PaymentMethod,
  savePaymentMethod,
} from '../../ledger/payments/payment-methods.ts';
import type { TopUp } from '../../ledger/payments/top-ups.ts';
import type { PaymentClients } from './clients.ts';
import { withCustomer } from './customers.ts';
import { isMissing } from './failures.ts';
import { idOf, UnreadableReply } from './stripe.ts';

const SETUP_OPEN_MS = 2 * 3_600_000;

export interface SetupRequest {
  readonly cardSetupId: string;
  readonly personId: string;
  readonly currency: string;
  /** From where the person asks, for the record of the consent. */
  readonly address: string | null;
}

/** Opens the hosted page on which a person saves a card; the same id again gives the same page. */
export async function openCardSetup(clients: PaymentClients, request: SetupRequest): Promise<string | null> {
  const { pool, clock, stripe } = clients;
  const { cardSetupId, personId, address } = request;
  return withCustomer(clients, personId, async (customerId) => {
    const now = clock();
    const expiresAt = new Date(now.getTime() + SETUP_OPEN_MS);
    await insertCardSetup(
      pool,
      { id: cardSetupId, personId, customerId, consentAddress: address, expiresAt },
      now,
    );
    const setup = await findCardSetup(pool, cardSetupId);
    if (setup === undefined) throw new Error(`card setup ${cardSetupId} was not stored`);
    if (setup.state !== 'open' || setup.sessionUrl !== null) return setup.sessionUrl;
    const session = await stripe.createCheckout(
      setupParams(clients, setup, customerId, request.currency),
      `setup:${cardSetupId}`,
    );
    if (session.url === null) throw new UnreadableReply('Stripe opened a page without an address');
    await saveCardSetupSession(pool, cardSetupId, session.id, session.url);
    return session.url;
  });
}

function setupParams(
  { baseUrl, deployment }: PaymentClients,
  setup: CardSetup,
  customer: string,
  currency: string,
): Stripe.Checkout.SessionCreateParams {
  const metadata = { cardSetupId: setup.id, deployment };
  return {
    mode: 'setup',
    ui_mode: 'hosted_page',
    customer,
    currency,
    allowed_payment_method_types: ['card'],
    setup_intent_data: { metadata },
    consent_collection: { payment_method_reuse_agreement: { position: 'auto' } },
    metadata,
    expires_at: Math.floor(setup.expiresAt.getTime() / 1000),
    success_url: `${baseUrl}/billing/return?session_id={CHECKOUT_SESSION_ID}`,
    cancel_url: `${baseUrl}/?cardSaved=false`,
  };
}

export type SetupOutcome = 'saved' | 'open' | 'not-completed' | 'unknown';

/** Stores the card that a setup saved, if it did; `unknown` when the session is none of ours. */
export async function saveCard(clients: PaymentClients, sessionId: string): Promise<SetupOutcome> {
  const { pool, clock, stripe } = clients;
  const known = await findCardSetupBySession(pool, sessionId);
  if (known?.state === 'saved') return 'saved';
  const session = await stripe.retrieveSetup(sessionId).catch((error: unknown) => {
    if (known !== undefined && isMissing(error)) return undefined;
    throw error;
  });
  if (session === undefined) {
    clients.alert({ cardSetupId: known?.id, sessionId }, 'Stripe does not know the page of a card setup');
    if (known !== undefined) await endCardSetup(pool, known.id, null);
    return 'not-completed';
  }
  const setup = known ?? (await setupOf(clients, session));
  if (setup === undefined) return 'unknown';
  if (setup.state === 'saved') return 'saved';
  const method = savedMethod(session, setup.customerId);
  if (method !== undefined) {
    await savePaymentMethod(
      pool,
      method,
      { personId: setup.personId, terms: CONSENT_TERMS, address: setup.consentAddress },
      clock(),
    );
    await endCardSetup(pool, setup.id, method.id);
    return 'saved';
  }
  if (session.status === 'open') return 'open';
  await endCardSetup(pool, setup.id, null);
  return 'not-completed';
}

async function setupOf(
  { pool }: PaymentClients,
  session: Stripe.Checkout.Session,
): Promise<CardSetup | undefined> {
  const id = session.metadata?.['cardSetupId'];
  const setup = id === undefined ? undefined : await findCardSetup(pool, id);
  return setup?.customerId === idOf(session.customer) ? setup : undefined;
}

function savedMethod(session: Stripe.Checkout.Session, customerId: string): PaymentMethod | undefined {
  const intent = session.setup_intent;
  if (intent === null || typeof intent === 'string' || intent.status !== 'succeeded') return undefined;
  const method = intent.payment_method;
  return method === null || typeof method === 'string' ? undefined : cardOf(method, customerId);
}

/** A Stripe card in our words, if it belongs to the Customer. */
export function cardOf(method: Stripe.PaymentMethod, customerId: string): PaymentMethod | undefined {
  const { card } = method;
  if (card === undefined || card === null || idOf(method.customer) !== customerId) return undefined;
  return {
    id: method.id,
    customerId,
    fingerprint: card.fingerprint ?? method.id,
    brand: card.brand,
    last4: card.last4,
    expMonth: card.exp_month,
    expYear: card.exp_year,
  };
}

/** Keeps the card of a manual top-up whose payer asked for it on the hosted page. The credit never waits for it. */
export async function keepCard(
  clients: PaymentClients,
  intent: Stripe.PaymentIntent,
  topUp: TopUp,
): Promise<void> {
  const id = idOf(intent.payment_method);
  if (id === null || topUp.customerId === null) return;
  try {
    const card = cardOf(await clients.stripe.retrievePaymentMethod(id), topUp.customerId);
    if (card === undefined) return;
    const consent = { personId: topUp.payer.id, terms: CONSENT_TERMS, address: null };
    await savePaymentMethod(clients.pool, card, consent, clients.clock());
  } catch (error) {
    clients.alert({ topUpId: topUp.id, err: error }, 'the card of a top-up could not be kept');
  }
}
