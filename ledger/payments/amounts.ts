// Amounts of top-ups: what may be charged to a card at once, and what a rule of auto top-up may say.
import {
  centsFromNanos,
  formatDollars,
  NANOS_PER_DOLLAR,
  type Nanos,
  nanos,
  parseDollars,
} from '../money.ts';
import { Refusal } from '../refusal.ts';

/** The least and the most of one charge. */
export const LEAST_CHARGE = nanos(5n * NANOS_PER_DOLLAR);
export const MOST_CHARGE = nanos(2_000n * NANOS_PER_DOLLAR);

/** The most that a threshold, a target or a monthly cap may say. */
const MOST_OF_A_RULE = nanos(1_000_000n * NANOS_PER_DOLLAR);

/** Reads an amount to charge. Raises `amount-malformed`, `amount-not-in-cents`, `amount-out-of-range`. */
export function parseCharge(text: string): Nanos {
  const amount = parseDollars(text);
  requireRange(amount, LEAST_CHARGE, MOST_CHARGE, 'One charge');
  centsFromNanos(amount);
  return amount;
}

/** Reads the threshold, target or cap of a rule. Raises `amount-malformed`, `amount-out-of-range`. */
export function parseRuleAmount(text: string, name: string): Nanos {
  const amount = parseDollars(text);
  requireRange(amount, nanos(0n), MOST_OF_A_RULE, name);
  return amount;
}

function requireRange(amount: Nanos, least: Nanos, most: Nanos, name: string): void {
  if (amount >= least && amount <= most) return;
  throw new Refusal(
    'amount-out-of-range',
    `${name} lies between $${formatDollars(least)} and $${formatDollars(most)}.`,
  );
}
