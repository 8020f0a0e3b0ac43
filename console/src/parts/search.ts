// Searches: what stands behind the question mark of an address, and what can be a value there.

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Whether a text can be the id of a person or a key. */
export const isId = (text: string): boolean => UUID.test(text);
