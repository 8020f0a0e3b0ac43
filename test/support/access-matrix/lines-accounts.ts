// Lines of the matrix: people, their accounts, and what happens on them.

import type { Line } from './line.ts';
import * as rows from './rows.ts';
import { cardOf } from './things.ts';

const RULE = { threshold: '0.00', amount: '20.00', monthlyCap: '100.00' };

export const accountLines: readonly Line[] = [
  { route: 'GET /v1/session', row: rows.ANYBODY },
  { route: 'GET /v1/me', row: rows.PEOPLE_THEMSELVES },
  {
    route: 'PUT /v1/me/active-organization',
    row: rows.PEOPLE_THEMSELVES,
    request: () => ({ body: { organizationId: null } }),
  },
  { route: 'GET /v1/me/payment-methods', row: rows.PEOPLE_THEMSELVES },
  { route: 'POST /v1/me/payment-methods', row: rows.PEOPLE_THEMSELVES },
  { route: 'DELETE /v1/me/payment-methods/{paymentMethodId}', row: rows.PEOPLE_THEMSELVES },
  { route: 'GET /v1/me/sessions', row: rows.PEOPLE_THEMSELVES },
  { route: 'DELETE /v1/me/sessions', row: rows.PEOPLE_THEMSELVES },
  { route: 'DELETE /v1/me/sessions/{sessionId}', row: rows.PEOPLE_THEMSELVES },
  {
    route: 'POST /v1/me/erasure',
    row: rows.PEOPLE_THEMSELVES,
    request: ({ caller }) => ({ body: { confirm: caller.person?.email ?? 'nobody' } }),
  },
  {
    route: 'POST /v1/me/top-ups/{topUpId}/recovery',
    row: rows.PEOPLE_THEMSELVES,
    named: { topUpId: 'unconfirmedId' },
  },
  { route: 'GET /v1/accounts', row: rows.WHOEVER_READS },
  { route: 'GET /v1/accounts/{accountId}', row: rows.READING },
  { route: 'GET /v1/accounts/{accountId}/transactions', row: rows.READING },
  { route: 'GET /v1/accounts/{accountId}/transactions/{transactionId}', row: rows.READING },
  { route: 'GET /v1/accounts/{accountId}/statement', row: rows.READING },
  { route: 'GET /v1/accounts/{accountId}/usage', row: rows.READING },
  { route: 'GET /v1/accounts/{accountId}/events', row: rows.READING },
  { route: 'GET /v1/accounts/{accountId}/audit', row: rows.STEWARDS_AND_OPERATORS },
  { route: 'GET /v1/accounts/{accountId}/top-ups', row: rows.READING },
  { route: 'GET /v1/accounts/{accountId}/top-ups/{topUpId}', row: rows.READING },
  {
    route: 'POST /v1/accounts/{accountId}/top-ups',
    row: rows.MEMBERS,
    request: () => ({ body: { amount: '25.00' } }),
  },
  { route: 'GET /v1/accounts/{accountId}/contributions', row: rows.READING },
  { route: 'GET /v1/accounts/{accountId}/auto-top-up', row: rows.READING },
  {
    route: 'PUT /v1/accounts/{accountId}/auto-top-up',
    row: rows.STEWARDS,
    narrowed: true,
    request: ({ caller }) => ({
      body: { ...RULE, ...(caller.person && { paymentMethodId: cardOf(caller.person.personId) }) },
    }),
  },
  { route: 'DELETE /v1/accounts/{accountId}/auto-top-up', row: rows.STEWARDS },
  {
    route: 'POST /v1/accounts/{accountId}/auto-top-up/simulation',
    row: rows.STEWARDS,
    request: () => ({ body: RULE }),
  },
];
