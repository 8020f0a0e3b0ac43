// Lines of the matrix: what operators do.
import { randomUUID } from 'node:crypto';
import type { Line, RequestParts } from './line.ts';
import * as rows from './rows.ts';

const credit = (): RequestParts => ({
  body: { amount: '1.00', reason: 'as the matrix asks' },
  headers: { 'idempotency-key': randomUUID() },
});

const because = (): RequestParts => ({ body: { reason: 'as the matrix asks' } });

const PRICES: RequestParts = {
  body: { 'a-model': { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6, mode: 'chat' } },
};

export const operatorLines: readonly Line[] = [
  { route: 'GET /v1/operator/accounts', row: rows.OPERATORS_WHO_READ },
  { route: 'GET /v1/operator/accounts/{accountId}', row: rows.OPERATORS_WHO_READ },
  {
    route: 'POST /v1/operator/accounts/{accountId}/freeze',
    row: rows.OPERATORS_OF_MONEY,
    request: because,
  },
  {
    route: 'POST /v1/operator/accounts/{accountId}/unfreeze',
    row: rows.OPERATORS_OF_MONEY,
    request: because,
  },
  {
    route: 'POST /v1/operator/people/{personId}/erasure',
    row: rows.OPERATORS_OF_MONEY,
    request: because,
  },
  { route: 'GET /v1/operator/audit', row: rows.OPERATORS_WHO_READ },
  {
    route: 'GET /v1/operator/search',
    row: rows.OPERATORS_WHO_READ,
    request: () => ({ query: '?q=acme' }),
  },
  { route: 'GET /v1/operator/charge-limit', row: rows.OPERATORS_WHO_READ },
  {
    route: 'PUT /v1/operator/charge-limit',
    row: rows.OPERATORS_OF_MONEY,
    request: () => ({ body: { times: 3, withinSeconds: 600, reason: 'as the matrix asks' } }),
  },
  {
    route: 'POST /v1/operator/prices/preview',
    row: rows.OPERATORS_OF_PRICES,
    request: () => PRICES,
  },
  { route: 'POST /v1/operator/prices', row: rows.OPERATORS_OF_PRICES, request: () => PRICES },
  { route: 'GET /v1/operator/quarantine', row: rows.OPERATORS_WHO_READ },
  {
    route: 'POST /v1/operator/quarantine/{paymentId}/resolve',
    row: rows.OPERATORS_OF_MONEY,
    request: () => ({
      body: { resolution: 'kept-out', reason: 'as the matrix asks' },
      headers: { 'idempotency-key': randomUUID() },
    }),
  },
  {
    route: 'POST /v1/operator/accounts/{accountId}/grants',
    row: rows.OPERATORS_OF_MONEY,
    request: credit,
  },
  {
    route: 'POST /v1/operator/accounts/{accountId}/adjustments',
    row: rows.OPERATORS_OF_MONEY,
    request: credit,
  },
  { route: 'GET /v1/operator/rejected-usage', row: rows.OPERATORS_WHO_READ },
  { route: 'GET /v1/operator/unpriced-usage', row: rows.OPERATORS_WHO_READ },
  { route: 'GET /v1/operator/verify', row: rows.OPERATORS_WHO_READ },
  {
    route: 'POST /v1/operator/verify',
    row: rows.OPERATORS_OF_MONEY,
    request: () => ({ body: {} }),
  },
];
