// Invoices as Checkout makes them for a payment: finalized and paid at once.
import Stripe from 'stripe';
import { newId } from '../core/ids.ts';
import { idOf } from '../core/refs.ts';

export interface InvoiceHidden {
  payments: Stripe.InvoicePayment[];
}

/** The paid invoice of `session`, whose money `intent` took. */
export function buildPaidInvoice(
  session: Stripe.Checkout.Session,
  lines: Stripe.LineItem[],
  intent: Stripe.PaymentIntent,
  customer: Stripe.Customer,
  now: number,
  baseUrl: string,
): { body: Stripe.Invoice; hidden: InvoiceHidden } {
  const id = newId('in');
  const total = intent.amount;
  const data = session.invoice_creation?.invoice_data;
  const body: Stripe.Invoice = {
    id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Sandbox',
    account_tax_ids: null,
    amount_due: total,
    amount_overpaid: 0,
    amount_paid: total,
    amount_remaining: 0,
    amount_shipping: 0,
    application: null,
    attempt_count: 1,
    attempted: true,
    auto_advance: false,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: 'manual',
    collection_method: 'charge_automatically',
    created: now,
    currency: intent.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: data?.description ?? null,
    discounts: [],
    due_date: null,
    effective_at: now,
    ending_balance: 0,
    footer: data?.footer ?? null,
    from_invoice: null,
    hosted_invoice_url: `${baseUrl}/i/${id}`,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: {
      object: 'list',
      data: lines.map((line) => invoiceLine(id, line, now)),
      has_more: false,
      url: `/v1/invoices/${id}/lines`,
    },
    livemode: false,
    metadata: data?.metadata ?? {},
    next_payment_attempt: null,
    number: `${customer.invoice_prefix ?? 'SANDBOX'}-${String(customer.next_invoice_sequence ?? 1).padStart(4, '0')}`,
    on_behalf_of: null,
    parent: null,
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: now,
    period_start: now,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: 'paid',
    status_transitions: { finalized_at: now, marked_uncollectible_at: null, paid_at: now, voided_at: null },
    subtotal: total,
    subtotal_excluding_tax: total,
    test_clock: null,
    total,
    total_discount_amounts: [],
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: now,
  };
  return { body, hidden: { payments: [invoicePayment(id, intent, now)] } };
}

function invoiceLine(invoice: string, line: Stripe.LineItem, now: number): Stripe.InvoiceLineItem {
  return {
    id: newId('il'),
    object: 'line_item',
    amount: line.amount_total,
    currency: line.currency,
    description: line.description,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice,
    livemode: false,
    metadata: {},
    parent: null,
    period: { end: now, start: now },
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: line.price?.id ?? '', product: idOf(line.price?.product) ?? '' },
      type: 'price_details',
      unit_amount_decimal: line.price?.unit_amount_decimal ?? null,
    },
    quantity: line.quantity,
    quantity_decimal: line.quantity === null ? null : Stripe.Decimal.from(line.quantity),
    subscription: null,
    subtotal: line.amount_subtotal,
    taxes: [],
  };
}

function invoicePayment(invoice: string, intent: Stripe.PaymentIntent, now: number): Stripe.InvoicePayment {
  return {
    id: newId('inpay'),
    object: 'invoice_payment',
    amount_paid: intent.amount_received,
    amount_requested: intent.amount,
    created: now,
    currency: intent.currency,
    invoice,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: now },
  };
}
