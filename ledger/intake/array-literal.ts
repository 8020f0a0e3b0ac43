// Array literals: parameters of a flush as Postgres reads them, an order faster than the driver's general way.

/** Values that need no quoting: numbers, uuids, dates, booleans, ISO times. `null` stays null. */
export function plainArray(values: readonly (string | number | bigint | boolean | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : value)).join(',')}}`;
}

/** Any text, quoted where it must be. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : quoted(value))).join(',')}}`;
}

const BARE = /^[\w.:/-]+$/;

function quoted(value: string): string {
  if (BARE.test(value) && value.toLowerCase() !== 'null') return value;
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
