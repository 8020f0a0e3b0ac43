// Completing a hosted session: its reply, its customer, its invoice, its events.
import type Stripe from 'stripe';
import { idOf } from '../core/refs.ts';
import type { World } from '../core/world.ts';
import { buildCustomer } from '../objects/customer.ts';
import { buildPaidInvoice } from '../objects/invoice.ts';
import { emit } from '../webhooks/emit.ts';
import type { StoredSession } from './checkout.ts';

/** Completes the session for `intent`: `now` on the page, `later` when a processing payment has succeeded. */
export function completeSession(
  world: World,
  session: StoredSession,
  intent: Stripe.PaymentIntent | Stripe.SetupIntent,
  when: 'now' | 'later',
): Stripe.Checkout.Session {
  const customer = customerOf(world, session.body);
  const isPaid = intent.object === 'payment_intent' && intent.status === 'succeeded';
  const invoice = isPaid && customer !== null ? invoiceFor(world, session, intent, customer) : null;
  const complete: Stripe.Checkout.Session = {
    ...session.body,
    customer: customer?.id ?? null,
    customer_details: detailsOf(customer, session.body.customer_email),
    invoice: invoice?.id ?? null,
    payment_status: isPaid ? 'paid' : session.body.payment_status,
    status: 'complete',
    url: null,
  };
  world.sessions.save(complete);
  emit(
    world,
    when === 'now' ? 'checkout.session.completed' : 'checkout.session.async_payment_succeeded',
    complete,
  );
  if (invoice !== null) {
    emit(world, 'invoice.created', invoice);
    emit(world, 'invoice.finalized', invoice);
    emit(world, 'invoice.paid', invoice);
    emit(world, 'invoice.payment_succeeded', invoice);
  }
  return complete;
}

function customerOf(world: World, session: Stripe.Checkout.Session): Stripe.Customer | null {
  const known = world.customers.find(idOf(session.customer) ?? '')?.body;
  if (known !== undefined) return known;
  if (session.customer_creation !== 'always') return null;
  const customer = buildCustomer({ email: session.customer_email ?? undefined }, world.clock.now());
  world.customers.insert(customer, { deleted: false });
  emit(world, 'customer.created', customer);
  return customer;
}

function invoiceFor(
  world: World,
  session: StoredSession,
  intent: Stripe.PaymentIntent,
  customer: Stripe.Customer,
): Stripe.Invoice | null {
  if (session.body.invoice_creation?.enabled !== true) return null;
  const invoice = buildPaidInvoice(
    session.body,
    session.hidden.lines,
    intent,
    customer,
    world.clock.now(),
    world.baseUrl,
  );
  world.invoices.insert(invoice.body, invoice.hidden);
  world.customers.save({ ...customer, next_invoice_sequence: (customer.next_invoice_sequence ?? 1) + 1 });
  return invoice.body;
}

function detailsOf(
  customer: Stripe.Customer | null,
  email: string | null,
): Stripe.Checkout.Session.CustomerDetails {
  return {
    address: null,
    business_name: null,
    email: customer?.email ?? email,
    individual_name: null,
    name: customer?.name ?? null,
    phone: customer?.phone ?? null,
    tax_exempt: 'none',
    tax_ids: [],
  };
}
