// How `POST /v1/usage` stands in the OpenAPI document; it is served without Express, from the same schemas.
import { z } from 'zod';
import { usageEventSchema } from '../../ledger/intake/event.ts';
import type { Route } from '../route.ts';
import { usageResultSchema } from './outcome.ts';

export const usageRouteSpec: Route['spec'] = {
  method: 'post',
  path: '/v1/usage',
  tag: 'Usage',
  summary: 'Record usage',
  description:
    'One event, an array of up to 5,000, or NDJSON (an event a line). Answers after the commit with one result an event, in the order given. Sending an event again changes nothing.',
  caller: 'gateway',
  bare: true,
  bodyOrText: 'application/x-ndjson',
  body: z.union([usageEventSchema, z.array(usageEventSchema).max(5_000)]),
  answers: {
    200: {
      description: 'What became of each event',
      schema: z.object({ results: z.array(usageResultSchema) }).meta({ id: 'UsageResults' }),
    },
  },
  problems: [
    'unauthenticated',
    'token-expired',
    'token-revoked',
    'forbidden',
    'request-malformed',
    'request-timeout',
    'content-type-unsupported',
    'body-too-large',
    'too-many-events',
    'overloaded',
    'database-busy',
    'database-unavailable',
    'internal-error',
  ],
};
