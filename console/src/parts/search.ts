// Searches: what stands behind the question mark of an address, read strictly.

/** A reader whose leftovers are gone. Left to itself, the router keeps what a reader drops just as it stood there. */
export function strictly<T extends object>(read: (search: Record<string, unknown>) => T) {
  return (search: Record<string, unknown>): T => ({
    ...Object.fromEntries(Object.keys(search).map((name) => [name, undefined])),
    ...read(search),
  });
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Whether a text can be the id of a person or a key. */
export const isId = (text: string): boolean => UUID.test(text);
