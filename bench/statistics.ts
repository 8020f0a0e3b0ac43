// Small statistics of measurements.

/** The middle one; of an even number, the lower of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}

/** Half the distance of the least and the greatest, in per cent of the median. */
export function spread(values: readonly number[]): number {
  return Math.round(((Math.max(...values) - Math.min(...values)) / 2 / median(values)) * 100);
}

/** The value that `share` (0 to 1) of the sorted values do not exceed. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const index = Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1);
  return sorted[Math.max(0, index)] ?? Number.NaN;
}
