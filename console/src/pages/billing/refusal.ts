// Whether an account's new requests may be refused, and why, in words for those who share it.
import type { SchemaAccount } from '../../api/schema.d.ts';
import { isNegative, isPositive } from '../../money.ts';

/** Why new requests may be refused; undefined while nothing speaks against them. */
export function refusalOf({ state, available, balance }: SchemaAccount): string | undefined {
  if (state === 'frozen')
    return 'The operator has frozen this account: no new requests and no new charges. Support can say why and open it again.';
  if (state === 'closed') return 'This account is closed for good: it pays for nothing any more.';
  if (isPositive(available)) return undefined;
  if (isPositive(balance)) return 'All the credit that is left is held for requests under way.';
  return isNegative(balance)
    ? 'More was used than was paid in. Credit that is added repays this first.'
    : 'There is no credit left.';
}

/** Whether nothing has ever happened to it, as far as its balance tells. */
export const isUntouched = ({ state, posted, pending, held }: SchemaAccount) =>
  state !== 'frozen' && state !== 'closed' && [posted, pending, held].every((amount) => amount === '0.00');
