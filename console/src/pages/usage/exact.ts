// Exact sums and shares of amounts, and the round amounts of an axis: decimal strings in, decimal strings out.

const NANOS = 9;

/** Billionths of a dollar. */
export function nanosOf(amount: string): bigint {
  const isBelowZero = amount.startsWith('-');
  const [whole = '0', fraction = ''] = amount.replace('-', '').split('.');
  const nanos = BigInt(whole + fraction.padEnd(NANOS, '0').slice(0, NANOS));
  return isBelowZero ? -nanos : nanos;
}

/** The decimal string of so many billionths of a dollar. */
export function amountOf(nanos: bigint): string {
  const digits = String(nanos < 0n ? -nanos : nanos).padStart(NANOS + 1, '0');
  const fraction = digits.slice(-NANOS).replace(/0+$/, '').padEnd(2, '0');
  return `${nanos < 0n ? '-' : ''}${digits.slice(0, -NANOS)}.${fraction}`;
}

/** What amounts come to. */
export const total = (amounts: readonly string[]): string =>
  amountOf(amounts.reduce((sum, amount) => sum + nanosOf(amount), 0n));

/** `12.3%`, cut off and not rounded, so that shares never come to more than the whole. */
export function shareOf(part: string, whole: string): string {
  const all = nanosOf(whole);
  if (all <= 0n) return '0.0%';
  const tenths = (nanosOf(part) * 1_000n) / all;
  if (tenths === 0n && nanosOf(part) > 0n) return '<0.1%';
  return `${tenths / 10n}.${tenths % 10n}%`;
}

const STEPS = [1n, 2n, 5n];
const MOST_TICKS = 5n;

/** Round amounts from zero to beyond the largest, at most six, for the axis of a chart. */
export function axisOf(largest: string): string[] {
  const top = nanosOf(largest);
  if (top <= 0n) return ['0.00', '1.00'];
  for (let power = 1n; ; power *= 10n) {
    for (const one of STEPS) {
      const step = one * power;
      const count = (top + step - 1n) / step;
      if (count <= MOST_TICKS)
        return Array.from({ length: Number(count) + 1 }, (_, tick) => amountOf(step * BigInt(tick)));
    }
  }
}

/** The same for counts, which are numbers. */
export const countAxis = (largest: number): number[] =>
  axisOf(`${Math.max(1, Math.ceil(largest))}.00`).map((amount) => Number(amount));
