// The one rounding of money: half to even, which favours neither side over many roundings.

/** `value / divisor` for a value of at least 0 and a divisor above it, rounded half to even. */
export function divideHalfEven(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  const twice = (value % divisor) * 2n;
  const roundsUp = twice > divisor || (twice === divisor && quotient % 2n === 1n);
  return roundsUp ? quotient + 1n : quotient;
}
