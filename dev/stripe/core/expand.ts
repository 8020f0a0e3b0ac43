// `expand[]`: ids in a reply replaced by the objects they name.
import type Stripe from 'stripe';
import { badParameter } from './refusal.ts';
import type { World } from './world.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The reply with each path of `expand` filled in; 400 for a path that leads nowhere. */
export function expanded(world: World, reply: object, paths: string[]): object {
  if (paths.length === 0) return reply;
  const root: Json = JSON.parse(JSON.stringify(reply));
  for (const path of paths) expandPath(world, root, path.split('.'), path);
  return typeof root === 'object' && root !== null ? root : {};
}

function expandPath(world: World, at: Json, keys: string[], path: string): void {
  const [key, ...rest] = keys;
  if (key === undefined || at === null || typeof at !== 'object') return;
  if (Array.isArray(at)) {
    for (const item of at) expandPath(world, item, keys, path);
    return;
  }
  if (!(key in at)) {
    const included = includable(world, at, key);
    if (included === undefined) {
      throw badParameter(`This property cannot be expanded (${path}).`, { param: 'expand' });
    }
    at[key] = JSON.parse(JSON.stringify(included));
  }
  const value = at[key] ?? null;
  if (typeof value === 'string') at[key] = objectNamed(world, value, path);
  expandPath(world, at[key] ?? null, rest, path);
}

function objectNamed(world: World, id: string, path: string): Json {
  const row = world.store.row('select body from objects where id = ?', id);
  if (row === undefined)
    throw badParameter(`This property cannot be expanded (${path}).`, { param: 'expand' });
  const body: Json = JSON.parse(String(row['body']));
  return body;
}

/** Properties that a reply holds only when they are asked for. */
function includable(world: World, at: { [key: string]: Json }, key: string): object | undefined {
  const id = String(at['id']);
  if (at['object'] === 'checkout.session' && key === 'line_items') return lineItems(world, id);
  if (at['object'] === 'invoice' && key === 'payments') {
    const payments = world.invoices.find(id)?.hidden.payments ?? [];
    return { object: 'list', data: payments, has_more: false, url: '/v1/invoice_payments' };
  }
  return undefined;
}

/** The lines of a session as a list reply. */
export function lineItems(world: World, sessionId: string): Stripe.ApiList<Stripe.LineItem> {
  return {
    object: 'list',
    data: world.sessions.find(sessionId)?.hidden.lines ?? [],
    has_more: false,
    url: `/v1/checkout/sessions/${sessionId}/line_items`,
  };
}
