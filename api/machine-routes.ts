// What machines, Stripe and browsers ask beside the API's own routes, as it stands in the OpenAPI document.
import { z } from 'zod';
import type { Route } from './route.ts';

type Spec = Route['spec'];

const TAG = 'Machines';
const GET = { method: 'get', tag: TAG, caller: 'anyone', bare: true } as const;

const check = z.enum(['ok', 'unavailable']);
const readiness = z
  .strictObject({
    status: check,
    checks: z.strictObject({ postgres: check, temporal: check, worker: check }),
  })
  .meta({ id: 'Readiness' });

const health: readonly Spec[] = [
  {
    ...GET,
    path: '/healthz',
    summary: 'Whether the process lives',
    answers: { 200: { description: 'It does', schema: z.strictObject({ status: z.literal('ok') }) } },
  },
  {
    ...GET,
    path: '/readyz',
    summary: 'Whether Postgres, Temporal and a worker are there',
    answers: {
      200: { description: 'All of them', schema: readiness },
      503: { description: 'Not all of them', schema: readiness },
    },
  },
  {
    ...GET,
    path: '/metrics',
    summary: 'What the process measures, for Prometheus',
    description:
      'With the token of `COFFER_METRICS_TOKEN` as bearer; without one configured, only from this machine to a deployment on localhost.',
    answers: { 200: { description: 'The metrics', contentType: 'text/plain' } },
    problems: ['unauthenticated', 'not-found'],
  },
];

const documents: readonly Spec[] = [
  {
    ...GET,
    path: '/openapi.json',
    summary: 'This document',
    answers: { 200: { description: 'The document', schema: z.looseObject({ openapi: z.string() }) } },
  },
  {
    ...GET,
    path: '/problems/{code}',
    summary: 'What a problem means and what to do',
    params: z.strictObject({ code: z.string() }),
    answers: {
      200: {
        description: 'The page, for people or for programs',
        contentType: 'text/html',
        orText: 'text/markdown',
      },
    },
    problems: ['not-found'],
  },
];

const stripe: readonly Spec[] = [
  {
    method: 'post',
    path: '/webhooks/stripe',
    summary: 'An event of Stripe',
    description:
      'Stored once and answered; the worker follows it up. Only a signature made with one of our secrets is believed.',
    tag: TAG,
    caller: 'anyone',
    bare: true,
    headers: { 'Stripe-Signature': { description: "Stripe's signature of the body.", required: true } },
    body: z.looseObject({ id: z.string(), type: z.string() }).meta({ id: 'StripeEvent' }),
    answers: {
      200: {
        description: 'The event is stored, or was before',
        schema: z.strictObject({ received: z.literal(true) }),
      },
    },
    problems: ['webhook-signature-invalid', 'body-too-large', 'database-unavailable', 'internal-error'],
  },
  {
    ...GET,
    path: '/billing/return',
    summary: 'Where Stripe’s hosted pages send people back to',
    description: 'Settles what was paid and says what is known; it names an amount to its payer alone.',
    query: z.object({ session_id: z.string().optional() }),
    answers: {
      200: { description: 'What became of the payment or the card', contentType: 'text/html' },
      404: { description: 'No session of ours', contentType: 'text/html' },
    },
  },
];

const recovery: Pick<Spec, 'path' | 'tag' | 'caller' | 'bare' | 'params'> = {
  path: '/billing/recover/{topUpId}',
  tag: TAG,
  caller: 'person',
  bare: true,
  params: z.strictObject({ topUpId: z.string() }),
};

const STRANGERS = {
  401: { description: 'Nobody is signed in', contentType: 'text/html' },
  404: { description: 'No charge of this person', contentType: 'text/html' },
  503: { description: 'To be tried again', contentType: 'text/html' },
};

const recoveries: readonly Spec[] = [
  {
    ...recovery,
    method: 'get',
    summary: 'The page on which a payer confirms an auto top-up to their bank',
    answers: { 200: { description: 'What is to be paid', contentType: 'text/html' }, ...STRANGERS },
  },
  {
    ...recovery,
    method: 'post',
    summary: 'The way from there to the page where it is paid',
    answers: { 200: { description: 'The way on', contentType: 'text/html' }, ...STRANGERS },
    problems: ['origin-not-allowed'],
  },
];

/** Everything outside `/v1` and `/api/auth`. */
export const machineRoutes: readonly Spec[] = [...health, ...documents, ...stripe, ...recoveries];
