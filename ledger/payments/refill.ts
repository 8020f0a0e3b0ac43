// The arithmetic of a rule: what one charge of it is. The database decides by the same (`auto_top_up_choice`); a test compares.
import { type Nanos, nanos } from '../money.ts';
import { MOST_CHARGE } from './amounts.ts';
import type { RuleTerms } from './rules.ts';

const CENT = 10_000_000n;

/**
 * What a rule charges on a balance with so much of its monthly cap left: undefined when the balance is not below the
 * threshold, zero when nothing fits. A fixed amount is charged as its smallest multiple that lifts the balance to the
 * threshold, or the largest that cap and maximum leave; a target in whole cents, or not at all.
 */
export function refillOf(terms: RuleTerms, balance: Nanos, leftOfCap: Nanos): Nanos | undefined {
  const { threshold, amount, targetBalance } = terms;
  if (balance >= threshold) return undefined;
  if (amount !== null) {
    const wanted = ceilingOf(threshold - balance, amount);
    return nanos(amount * lesser(wanted, lesser(leftOfCap, MOST_CHARGE) / amount));
  }
  const missing = ceilingOf((targetBalance ?? threshold) - balance, CENT) * CENT;
  const charge = lesser(missing, MOST_CHARGE);
  return nanos(charge > leftOfCap ? 0n : charge);
}

const lesser = (one: bigint, other: bigint) => [one, other].reduce((a, b) => (b < a ? b : a));

/** How many whole `unit`s it takes to reach a positive amount. */
const ceilingOf = (amount: bigint, unit: bigint) => (amount + unit - 1n) / unit;
