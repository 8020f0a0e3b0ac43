// Cards in words, for the one person who sees them.
import type { SchemaPaymentMethod } from '../../api/schema.d.ts';

const BRANDS: Readonly<Record<string, string>> = {
  amex: 'American Express',
  diners: 'Diners Club',
  discover: 'Discover',
  jcb: 'JCB',
  mastercard: 'Mastercard',
  unionpay: 'UnionPay',
  visa: 'Visa',
};

/** `Visa ending in 4242`. */
export const cardName = ({ brand, last4 }: Pick<SchemaPaymentMethod, 'brand' | 'last4'>) =>
  `${BRANDS[brand] ?? 'Card'} ending in ${last4}`;

/** `04/2031`. */
export const cardExpiry = ({ expMonth, expYear }: Pick<SchemaPaymentMethod, 'expMonth' | 'expYear'>) =>
  `${String(expMonth).padStart(2, '0')}/${expYear}`;

/** Whether a card's month is over. */
export function isExpired({ expMonth, expYear }: Pick<SchemaPaymentMethod, 'expMonth' | 'expYear'>): boolean {
  const now = new Date();
  return (
    expYear < now.getUTCFullYear() || (expYear === now.getUTCFullYear() && expMonth <= now.getUTCMonth())
  );
}
