// Receipts and invoices as pages.
import type Stripe from 'stripe';
import { idOf } from '../core/refs.ts';
import type { World } from '../core/world.ts';
import { type Html, html } from './html.ts';
import { money, type PageReply, pageReply, when } from './layout.ts';

/** The receipt of a charge. */
export function showReceipt(world: World, chargeId: string): PageReply {
  const charge = world.charges.find(chargeId)?.body;
  if (charge?.paid !== true) return notFound('receipt');
  const card = charge.payment_method_details?.card;
  return pageReply(
    200,
    'Receipt',
    html`<section class="card"><h1>Receipt</h1><p class="amount">${money(charge.amount, charge.currency)}</p>
      ${facts([
        ['Paid', when(charge.created)],
        ['Card', `${card?.brand ?? 'card'} •••• ${card?.last4 ?? ''}`],
        ['For', charge.description ?? 'Payment'],
        ['Number', charge.id],
      ])}</section>`,
  );
}

/** The hosted invoice. */
export function showInvoice(world: World, invoiceId: string): PageReply {
  const invoice = world.invoices.find(invoiceId)?.body;
  if (invoice === undefined) return notFound('invoice');
  return pageReply(
    200,
    `Invoice ${invoice.number ?? ''}`,
    html`<section class="card"><h1>Invoice ${invoice.number}</h1>
      <p class="amount">${money(invoice.total, invoice.currency)} <span class="small good">${invoice.status}</span></p>
      <table><thead><tr><th scope="col">Item</th><th scope="col" class="number">Amount</th></tr></thead>
      <tbody>${invoice.lines.data.map(invoiceLine)}</tbody></table>
      ${facts([
        ['Billed to', invoice.customer_email ?? idOf(invoice.customer) ?? ''],
        ['Date', when(invoice.created)],
      ])}</section>`,
  );
}

function invoiceLine(line: Stripe.InvoiceLineItem): Html {
  return html`<tr><td>${line.description}</td><td class="number">${money(line.amount, line.currency)}</td></tr>`;
}

function facts(rows: [string, string][]): Html {
  return html`<table><tbody>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>`;
}

function notFound(what: string): PageReply {
  return pageReply(404, 'Not found', html`<section class="card"><h1>There is no such ${what}</h1></section>`);
}
