// Amounts that Stripe takes: integer minor units between a minimum per currency and eight digits.
import { badParameter } from './refusal.ts';

const MINIMUM: Record<string, number> = {
  usd: 50,
  eur: 50,
  gbp: 30,
  cad: 50,
  aud: 50,
  chf: 50,
  nzd: 50,
  sgd: 50,
};
const MAXIMUM = 99_999_999;

/** 400 unless the sandbox knows the currency (all of its currencies have two decimals). */
export function requireCurrency(currency: string, param = 'currency'): string {
  const code = currency.toLowerCase();
  if (code in MINIMUM) return code;
  throw badParameter(
    `Invalid currency: ${currency}. Stripe currently supports these currencies: ${Object.keys(MINIMUM).join(', ')}`,
    { param },
  );
}

/** 400 for an amount outside the bounds of `currency`. */
export function requireAmount(amount: number, currency: string, param = 'amount'): number {
  const minimum = MINIMUM[currency] ?? 50;
  if (amount < minimum) {
    throw badParameter(`Amount must be at least ${(minimum / 100).toFixed(2)} ${currency}`, {
      code: 'amount_too_small',
      param,
    });
  }
  if (amount > MAXIMUM) {
    throw badParameter(`Amount must be no more than 999,999.99 ${currency}`, {
      code: 'amount_too_large',
      param,
    });
  }
  return amount;
}
