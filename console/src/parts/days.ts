// UTC days as they stand in addresses and in the API: `2026-01-31`.

const DAY_MS = 86_400_000;

/** The day of a moment. */
export const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10);

/** Today, by UTC, as usage is counted. */
export const today = (): string => dayOf(new Date());

/** Whether a text is a day that exists, since 1970 and in this millennium. */
export const isDay = (text: string): boolean =>
  /^(19[7-9]|2\d\d)\d-\d{2}-\d{2}$/.test(text) && dayExists(text);

/** The parser takes the 31st of February for the 3rd of March. */
function dayExists(text: string): boolean {
  const moment = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && dayOf(moment) === text;
}

/** The day so many days later, or earlier when negative. */
export const plusDays = (day: string, count: number): string =>
  dayOf(new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS));

/** How many days there are from one to another, both counted. */
export const countDays = (from: string, to: string): number =>
  (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS + 1;

/** Every day from one to another, both among them. */
export const daysBetween = (from: string, to: string): string[] =>
  Array.from({ length: Math.max(0, countDays(from, to)) }, (_, index) => plusDays(from, index));

const SHORT = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });
const LONG = new Intl.DateTimeFormat('en-US', {
  month: 'short',
  day: 'numeric',
  year: 'numeric',
  timeZone: 'UTC',
});

/** `Jan 31`. */
export const shortDay = (day: string): string => SHORT.format(new Date(`${day}T00:00:00Z`));

/** `Jan 31, 2026`. */
export const longDay = (day: string): string => LONG.format(new Date(`${day}T00:00:00Z`));
