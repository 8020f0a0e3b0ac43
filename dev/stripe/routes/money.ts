// /v1/charges and /v1/balance_transactions: what was taken, and what it did to the balance.
import { page } from '../core/lists.ts';
import { listParams, params, range, text } from '../core/params.ts';
import { missing } from '../core/refusal.ts';
import { type Route, route } from '../core/route.ts';
import { viewTransaction } from '../objects/balance-transaction.ts';

export const moneyRoutes: Route[] = [
  route(
    'GET',
    '/v1/charges',
    listParams({ customer: text.optional(), payment_intent: text.optional(), created: range.optional() }),
    (query, { world }) =>
      page(world.charges, '/v1/charges', query, {
        where: { customer: query.customer, payment_intent: query.payment_intent },
      }),
  ),
  route('GET', '/v1/charges/:id', params({}), (_, { world, id }) => {
    const found = world.charges.find(id);
    if (found === undefined) throw missing('charge', id);
    return found.body;
  }),
  route(
    'GET',
    '/v1/balance_transactions',
    listParams({
      created: range.optional(),
      currency: text.optional(),
      source: text.optional(),
      type: text.optional(),
    }),
    (query, { world }) =>
      page(
        world.balanceTransactions,
        '/v1/balance_transactions',
        query,
        { where: { currency: query.currency, source: query.source, type: query.type } },
        ({ body }) => viewTransaction(body, world.clock.now()),
      ),
  ),
  route('GET', '/v1/balance_transactions/:id', params({}), (_, { world, id }) => {
    const found = world.balanceTransactions.find(id);
    if (found === undefined) throw missing('balance transaction', id);
    return viewTransaction(found.body, world.clock.now());
  }),
];
