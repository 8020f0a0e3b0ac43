// A rule tried on the account's own past, before anybody agrees to it.
import { z } from 'zod';
import type { Clock } from '../../ledger/clock.ts';
import { formatDollars } from '../../ledger/money.ts';
import { type Simulation, simulateRule } from '../../ledger/payments/simulation.ts';
import { readBalancePast } from '../../ledger/reading/balance-past.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { readTerms, ruleTerms } from '../rule-terms.ts';
import { accountParams, amount, timestamp } from '../schemas.ts';

const DAYS = 30;

const simulation = z
  .strictObject({
    from: timestamp,
    to: timestamp,
    count: z.int().min(0).describe('How often it would have charged.'),
    total: amount,
    charges: z
      .array(z.strictObject({ amount, count: z.int().min(1) }))
      .describe('How often which amount, the most frequent first.'),
    capped: z.boolean().describe('Whether the monthly cap would have kept something from being charged.'),
  })
  .meta({ id: 'AutoTopUpSimulation' });

export interface SimulationSurroundings extends RouteSurroundings {
  readonly clock: Clock;
}

/** `POST /v1/accounts/{accountId}/auto-top-up/simulation`. */
export function simulationRoutes(surroundings: SimulationSurroundings): Route[] {
  const { pool, clock } = surroundings;
  return [
    accountRoute(surroundings, {
      method: 'post',
      path: '/v1/accounts/{accountId}/auto-top-up/simulation',
      summary: 'What a rule would have charged in the last 30 days',
      description:
        'Changes nothing. Counts one charge each time the balance would have crossed the threshold; usage is taken as even over each UTC day, credit that people added by hand stays in, what auto top-up charged then is left out.',
      tag: 'Auto top-up',
      right: 'manage-auto-top-up',
      params: accountParams,
      body: ruleTerms,
      answers: { 200: { description: 'What it would have charged', schema: simulation } },
      problems: [
        'account-not-found',
        'forbidden',
        'amount-malformed',
        'amount-not-in-cents',
        'amount-out-of-range',
        'auto-top-up-invalid',
      ],
      async handle({ body, access }) {
        const terms = readTerms(body);
        const past = await readBalancePast(pool, access.accountId, { now: clock(), days: DAYS });
        return { status: 200, body: shown(past, simulateRule(terms, past)) };
      },
    }),
  ];
}

function shown(
  { from, to }: { readonly from: Date; readonly to: Date },
  { count, total, charges, isCapped }: Simulation,
): z.input<typeof simulation> {
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    count,
    total: formatDollars(total),
    charges: [...charges]
      .sort(([, one], [, other]) => other - one)
      .map(([amount, times]) => ({ amount: formatDollars(amount), count: times })),
    capped: isCapped,
  };
}
