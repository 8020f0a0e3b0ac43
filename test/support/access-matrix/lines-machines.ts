// Lines of the matrix: usage from gateways, and what anybody may ask.

import Stripe from 'stripe';
import { v7 as uuidv7 } from 'uuid';
import type { Line, RequestParts } from './line.ts';
import * as rows from './rows.ts';

/** The secret with which the tests' API believes webhooks. */
export const WEBHOOK_SECRET = 'whsec_matrix';

function webhook(): RequestParts {
  const payload = JSON.stringify({
    id: `evt_${uuidv7()}`,
    object: 'event',
    type: 'customer.created',
    livemode: false,
    data: { object: { id: 'cus_1', object: 'customer' } },
  });
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: WEBHOOK_SECRET });
  return { body: payload, headers: { 'stripe-signature': signature } };
}

export const machineLines: readonly Line[] = [
  {
    route: 'POST /v1/usage',
    row: rows.GATEWAYS_ALONE,
    request: ({ things }) => ({
      body: {
        id: uuidv7(),
        apiKeyId: things.apiKeyId,
        model: 'some-model',
        inputTokens: 1,
        outputTokens: 1,
        occurredAt: new Date().toISOString(),
      },
    }),
  },
  { route: 'GET /v1/prices', row: rows.ANYBODY },
  { route: 'GET /healthz', row: rows.ANYBODY },
  // the tests' API has no worker
  { route: 'GET /readyz', row: rows.ANYBODY, yesIs: 503 },
  { route: 'GET /metrics', row: rows.ANYBODY },
  { route: 'GET /openapi.json', row: rows.ANYBODY },
  { route: 'GET /problems/{code}', row: rows.ANYBODY, path: { code: 'forbidden' } },
  { route: 'POST /webhooks/stripe', row: rows.ANYBODY, request: webhook },
  // the page of a session that nobody knows
  {
    route: 'GET /billing/return',
    row: rows.ANYBODY,
    request: () => ({ query: '?session_id=cs_none' }),
    yesIs: 404,
  },
  {
    route: 'GET /billing/recover/{topUpId}',
    row: rows.PEOPLE_ON_A_PAGE,
    named: { topUpId: 'unconfirmedId' },
  },
  {
    route: 'POST /billing/recover/{topUpId}',
    row: rows.PEOPLE_ON_A_PAGE,
    named: { topUpId: 'unconfirmedId' },
  },
];
