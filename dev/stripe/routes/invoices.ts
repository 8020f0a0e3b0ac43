// /v1/invoices: get and list of the invoices that Checkout made.

import { page } from '../core/lists.ts';
import { listParams, params, range, text } from '../core/params.ts';
import { missing } from '../core/refusal.ts';
import { type Route, route } from '../core/route.ts';

export const invoiceRoutes: Route[] = [
  route(
    'GET',
    '/v1/invoices',
    listParams({ customer: text.optional(), status: text.optional(), created: range.optional() }),
    (query, { world }) =>
      page(world.invoices, '/v1/invoices', query, {
        where: { customer: query.customer, status: query.status },
      }),
  ),
  route('GET', '/v1/invoices/:id', params({}), (_, { world, id }) => {
    const found = world.invoices.find(id);
    if (found === undefined) throw missing('invoice', id);
    return found.body;
  }),
];
