// Everything a handler works on: the objects, the clock, and the way events leave.
import type Stripe from 'stripe';
import type { NextOutcome } from '../cards/judge.ts';
import type { ChargeHidden } from '../objects/charge.ts';
import type { CustomerHidden } from '../objects/customer.ts';
import type { InvoiceHidden } from '../objects/invoice.ts';
import type { PaymentIntentHidden } from '../objects/payment-intent.ts';
import type { PaymentMethodHidden } from '../objects/payment-method.ts';
import type { SessionHidden } from '../objects/session.ts';
import type { SetupIntentHidden } from '../objects/setup-intent.ts';
import type { WebhookEndpointHidden } from '../objects/webhook-endpoint.ts';
import type { DeliveryFault } from '../webhooks/delivery-faults.ts';
import { type SandboxClock, sandboxClock } from './clock.ts';
import { type Collection, collection } from './collection.ts';
import { type PersistedList, persistedList } from './persisted-list.ts';
import type { Store } from './store.ts';

/** The request whose effects are being written; events name it. */
interface CurrentRequest {
  id: string;
  idempotencyKey: string | null;
  receivedAtMs: number;
}

type Nothing = Record<string, never>;

export interface World {
  store: Store;
  clock: SandboxClock;
  /** Where pages and receipts are reached, without a slash at the end. */
  baseUrl: string;
  request: CurrentRequest | null;
  customers: Collection<Stripe.Customer, CustomerHidden>;
  paymentMethods: Collection<Stripe.PaymentMethod, PaymentMethodHidden>;
  paymentIntents: Collection<Stripe.PaymentIntent, PaymentIntentHidden>;
  setupIntents: Collection<Stripe.SetupIntent, SetupIntentHidden>;
  charges: Collection<Stripe.Charge, ChargeHidden>;
  balanceTransactions: Collection<Stripe.BalanceTransaction, Nothing>;
  sessions: Collection<Stripe.Checkout.Session, SessionHidden>;
  invoices: Collection<Stripe.Invoice, InvoiceHidden>;
  products: Collection<Stripe.Product, Nothing>;
  prices: Collection<Stripe.Price, Nothing>;
  events: Collection<Stripe.EventBase, Nothing>;
  webhookEndpoints: Collection<Stripe.WebhookEndpoint, WebhookEndpointHidden>;
  nextOutcomes: PersistedList<NextOutcome>;
  deliveryFaults: PersistedList<DeliveryFault>;
}

/** The world kept in `store`. */
export function openWorld(store: Store, baseUrl: string): World {
  return {
    store,
    clock: sandboxClock(store),
    baseUrl,
    request: null,
    customers: collection(store, 'customer'),
    paymentMethods: collection(store, 'payment_method'),
    paymentIntents: collection(store, 'payment_intent'),
    setupIntents: collection(store, 'setup_intent'),
    charges: collection(store, 'charge'),
    balanceTransactions: collection(store, 'balance_transaction'),
    sessions: collection(store, 'checkout.session'),
    invoices: collection(store, 'invoice'),
    products: collection(store, 'product'),
    prices: collection(store, 'price'),
    events: collection(store, 'event'),
    webhookEndpoints: collection(store, 'webhook_endpoint'),
    nextOutcomes: persistedList(store, 'next_outcomes'),
    deliveryFaults: persistedList(store, 'delivery_faults'),
  };
}

/** When the current request arrived, in real milliseconds; now, outside a request. */
export function receivedAtMs(world: World): number {
  return world.request?.receivedAtMs ?? Date.now();
}
