// How long something made here works, as it is chosen and as it is sent.

const DAY_MS = 86_400_000;

/** Choices of so many days; none of them is for ever. */
export const lifetimes = (days: readonly string[]) => days.map((value) => ({ value, label: labelOf(value) }));

function labelOf(days: string): string {
  if (days === '') return 'For ever';
  return days === '365' ? 'A year' : `${days} days`;
}

/** The moment so many days after another, ISO 8601. */
export const daysAfter = (at: string, days: string): string =>
  new Date(Date.parse(at) + Number(days) * DAY_MS).toISOString();
