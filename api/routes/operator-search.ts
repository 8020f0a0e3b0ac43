// Operators: whose is this? Organizations, people, keys, tokens, payments and accounts by whatever is known of them.
import { z } from 'zod';
import { hitTypes, searchAsOperator } from '../../ledger/reading/operator-search.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schemas.ts';
import type { OperatorSurroundings } from './operator.ts';

const hit = z
  .strictObject({
    type: z.enum(hitTypes),
    id: z.string(),
    name: z.string().nullable().describe('Of a top-up its payer, of an account its owner.'),
    detail: z
      .string()
      .nullable()
      .describe('Slug, e-mail address, beginning of a key or token, or state: what tells it apart.'),
    accountId: z.uuid().nullable().describe('The account it belongs to; of a person their personal one.'),
  })
  .meta({ id: 'SearchHit' });

/** `GET /v1/operator/search`. */
export function operatorSearchRoutes(surroundings: OperatorSurroundings): Route[] {
  const { pool, findPaymentOfCharge } = surroundings;
  return [
    route(surroundings, {
      method: 'get',
      path: '/v1/operator/search',
      summary: 'Find organizations, people, API keys, tokens, payments and accounts',
      description:
        'By an id of ours, the beginning of an API key or of an organization’s token (never more of it than `cof_live_` or `cof_organization_` and six characters), an id at Stripe (`pi_…`, `cs_…`, `ch_…`, `cus_…`), the beginning of a slug or an e-mail address, or the beginnings of words of a name.',
      tag: 'Operators',
      caller: 'operator',
      scope: 'read',
      query: z.strictObject({
        q: z
          .string()
          .trim()
          .min(3, 'Look for at least three characters.')
          .max(255, 'Look for at most 255 characters.')
          .refine(
            (text) => text.isWellFormed() && !text.includes('\0'),
            'Look for well-formed text without NUL.',
          ),
      }),
      answers: { 200: { description: 'The hits', schema: pageOf(hit, 'SearchHits') } },
      problems: ['payments-unavailable'],
      async handle({ query }) {
        const isCharge = /^(ch|py)_[0-9A-Za-z_]+$/.test(query.q);
        const text = isCharge ? await findPaymentOfCharge(query.q) : query.q;
        const items = text === undefined ? [] : await searchAsOperator(pool, text);
        return { status: 200, body: { items, nextCursor: null } };
      },
    }),
  ];
}
