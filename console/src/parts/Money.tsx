// One amount: aligned digits for the eye, words for the ear, the exact value on hover.
import { Text, type TextProps } from '@mantine/core';
import { formatMoney, isNegative, spokenMoney } from '../money.ts';

interface MoneyProps extends TextProps {
  readonly amount: string;
  /** Shows what lies below a cent too. */
  readonly exact?: boolean;
  /** Puts a plus before what comes in. */
  readonly signed?: boolean;
}

export function Money({ amount, exact = false, signed = false, ...text }: MoneyProps) {
  const plus = signed && !isNegative(amount) ? '+' : '';
  return (
    <Text
      span
      inherit={text.size === undefined}
      className="money"
      title={formatMoney(amount, { exact: true })}
      {...(signed && !isNegative(amount) && { c: 'var(--money-in)' })}
      {...text}
    >
      <span aria-hidden>{plus + formatMoney(amount, { exact })}</span>
      <span className="sr-only">{spokenMoney(amount, { exact })}</span>
    </Text>
  );
}
