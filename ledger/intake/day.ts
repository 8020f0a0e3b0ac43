// The day that a usage event's id lives on: ids are unique per account, in a structure that is local in time.

const DAY_MS = 86_400_000;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

const names = new Map<number, string>();

/** Days since 1970-01-01 (UTC). */
export function dayNumber(time: Date | number): number {
  return Math.floor((typeof time === 'number' ? time : time.getTime()) / DAY_MS);
}

/** `2026-01-31` of a day number. */
export function dayName(day: number): string {
  const known = names.get(day);
  if (known !== undefined) return known;
  const name = new Date(day * DAY_MS).toISOString().slice(0, 10);
  names.set(day, name);
  return name;
}

/**
 * The day of a UUIDv7 id that lies within a day of `occurredAt`, which no retry can change; else the day of
 * `occurredAt`, and `probe`: a retry may tell another time, so the days beside it are searched too.
 */
export function dayOf(id: string, occurredAt: Date): { day: number; probe: boolean } {
  const occurredDay = dayNumber(occurredAt);
  if (id.length === 36 && UUID_V7.test(id)) {
    const day = dayNumber(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
    if (Math.abs(day - occurredDay) <= 1) return { day, probe: false };
  }
  return { day: occurredDay, probe: true };
}
