// Operators: how often auto top-up may charge an account, whatever its rule says.
import { z } from 'zod';
import { readChargeLimit, setChargeLimit } from '../../ledger/deployment.ts';
import { type Route, type RouteSurroundings, route } from '../route.ts';
import { type OperatorSurroundings, reason } from './operator.ts';

const DAY_SECONDS = 86_400;

const limits = {
  times: z
    .int('`times` is a whole number.')
    .min(1, '`times` is at least 1.')
    .max(1_000, '`times` is at most 1000.')
    .describe('Charges that one account may begin.'),
  withinSeconds: z
    .int('`withinSeconds` is a whole number.')
    .min(60, '`withinSeconds` is at least 60.')
    .max(DAY_SECONDS, '`withinSeconds` is at most a day.')
    .describe('From the first of them on.'),
};

const chargeLimit = z.strictObject(limits).meta({ id: 'ChargeLimit' });
const chargeLimitRequest = z.strictObject({ ...limits, reason }).meta({ id: 'ChargeLimitRequest' });

const PATH = '/v1/operator/charge-limit';

/** `GET` and `PUT /v1/operator/charge-limit`. */
export function operatorChargeLimitRoutes(surroundings: OperatorSurroundings): Route[] {
  return [readRoute(surroundings), setRoute(surroundings)];
}

function readRoute(surroundings: RouteSurroundings): Route {
  return route(surroundings, {
    method: 'get',
    path: PATH,
    summary: 'How often auto top-up may charge an account',
    tag: 'Operators',
    caller: 'operator',
    scope: 'read',
    answers: { 200: { description: 'The limit', schema: chargeLimit } },
    handle: async () => ({ status: 200, body: await readChargeLimit(surroundings.pool) }),
  });
}

function setRoute(surroundings: OperatorSurroundings): Route {
  const { pool, clock } = surroundings;
  return route(surroundings, {
    method: 'put',
    path: PATH,
    summary: 'Set how often auto top-up may charge an account',
    description:
      'Of every account, from the next charge on. What is refused by it is charged when the time is over, if the balance is still below its threshold. Needs an operator token with the scope `money`.',
    tag: 'Operators',
    caller: 'operator',
    scope: 'money',
    body: chargeLimitRequest,
    answers: { 200: { description: 'The limit as it is now', schema: chargeLimit } },
    async handle({ body, actor }) {
      await setChargeLimit(pool, actor, body, clock());
      return { status: 200, body: await readChargeLimit(pool) };
    },
  });
}
