// Searches: what stands behind the question mark of an address, and what can be a value there.

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** A value of an address as text; what looks like a number there is text all the same, and a list is none. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** Whether a text can be a name that something is filtered by: the API takes no longer ones, and no NUL. */
export const isWord = (text: string): boolean => text !== '' && text.length <= 255 && !text.includes('\0');

/** Whether a text can be the id of a person or a key. */
export const isId = (text: string): boolean => UUID.test(text);
