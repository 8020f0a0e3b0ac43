// Money: nano-USD as a branded bigint, made only here; dollars are parsed and printed exactly, never as floats.
import { Refusal } from './refusal.ts';

declare const nanosBrand: unique symbol;

/** An amount in nano-USD (10⁻⁹ of the currency's unit), signed, within the range of a Postgres `int8`. */
export type Nanos = bigint & { readonly [nanosBrand]: true };

/** Integer minor units (cents) as Stripe counts them: always a safe, positive integer. */
export type Cents = number;

export const NANOS_PER_DOLLAR = 1_000_000_000n;
const NANOS_PER_CENT = 10_000_000n;
const MAX_NANOS = 2n ** 63n - 1n;

/** Makes `Nanos` of a bigint. Throws `RangeError` beyond `int8`, which is a bug and not somebody's input. */
export function nanos(value: bigint): Nanos {
  if (value > MAX_NANOS || value < -MAX_NANOS) throw new RangeError(`${value} nanos exceed an int8`);
  return value as Nanos;
}

export const ZERO = nanos(0n);

/** Reads an integer string of nanos, the form money has in jsonb, in Temporal payloads and in `pg` rows. */
export function nanosFromString(text: string): Nanos {
  if (!/^-?\d{1,19}$/.test(text))
    throw new RangeError(`not an integer string of nanos: ${text.slice(0, 40)}`);
  return nanos(BigInt(text));
}

/**
 * Reads a decimal string in dollars with up to nine decimals, as the HTTP API takes it ("12.34").
 * Raises `amount-malformed` for anything else: signs other than one leading minus, exponents, spaces, empty.
 */
export function parseDollars(text: string): Nanos {
  const match = /^(-?)(\d{1,10})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) {
    throw new Refusal(
      'amount-malformed',
      `${JSON.stringify(text.slice(0, 40))} is not an amount: write dollars as "12.34".`,
    );
  }
  const [, sign, whole = '', fraction = ''] = match;
  const value = BigInt(whole) * NANOS_PER_DOLLAR + BigInt(fraction.padEnd(9, '0'));
  if (value > MAX_NANOS)
    throw new Refusal('amount-malformed', 'The amount is larger than a ledger can hold.');
  return nanos(sign === '-' ? -value : value);
}

/** Prints dollars as a decimal string: at least two decimals, no more than needed ("12.34", "0.000000125"). */
export function formatDollars(amount: Nanos): string {
  const magnitude = amount < 0n ? -amount : amount;
  const whole = magnitude / NANOS_PER_DOLLAR;
  const fraction = (magnitude % NANOS_PER_DOLLAR)
    .toString()
    .padStart(9, '0')
    .replace(/0{1,7}$/, '');
  return `${amount < 0n ? '-' : ''}${whole}.${fraction}`;
}

/** Stripe's cents for an amount. Raises `amount-not-in-cents` when it has a part below one cent. */
export function centsFromNanos(amount: Nanos): Cents {
  if (amount % NANOS_PER_CENT !== 0n) {
    throw new Refusal('amount-not-in-cents', 'A card is charged in whole cents: give at most two decimals.');
  }
  return Number(amount / NANOS_PER_CENT);
}

/** The amount that Stripe counts in cents. */
export function nanosFromCents(cents: Cents): Nanos {
  return nanos(BigInt(cents) * NANOS_PER_CENT);
}

/** The sum of any number of amounts. */
export function sum(amounts: Iterable<Nanos>): Nanos {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return nanos(total);
}
