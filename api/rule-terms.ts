// The terms of a rule of auto top-up as a request gives them: read, and held against each other.
import { z } from 'zod';
import { LEAST_CHARGE, parseCharge, parseRuleAmount } from '../ledger/payments/amounts.ts';
import type { RuleTerms } from '../ledger/payments/rules.ts';
import { Problem } from './problem.ts';

/** Either `amount` or `targetBalance` is given. */
export const ruleTerms = z
  .strictObject({
    threshold: z.string(),
    amount: z.string().optional(),
    targetBalance: z.string().optional(),
    monthlyCap: z.string(),
  })
  .meta({ id: 'AutoTopUpTerms' });

/** Reads terms. Throws `auto-top-up-invalid`; raises what amounts raise. */
export function readTerms(given: z.output<typeof ruleTerms>): RuleTerms {
  if ((given.amount === undefined) === (given.targetBalance === undefined)) {
    throw new Problem('auto-top-up-invalid', 'Give either amount or targetBalance.');
  }
  const threshold = parseRuleAmount(given.threshold, 'The threshold');
  const monthlyCap = parseRuleAmount(given.monthlyCap, 'The monthly cap');
  const amount = given.amount === undefined ? null : parseCharge(given.amount);
  const targetBalance =
    given.targetBalance === undefined ? null : parseRuleAmount(given.targetBalance, 'The target');
  if (monthlyCap < (amount ?? LEAST_CHARGE)) {
    throw new Problem('auto-top-up-invalid', 'The monthly cap must leave room for at least one charge.');
  }
  if (targetBalance !== null && targetBalance < threshold + LEAST_CHARGE) {
    throw new Problem('auto-top-up-invalid', 'The target must lie at least $5.00 above the threshold.');
  }
  return { threshold, monthlyCap, amount, targetBalance };
}
