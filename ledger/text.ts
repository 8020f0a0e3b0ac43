// Text that people read as a name: what must not hide in it.

const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Whether control characters, halves of surrogate pairs or text-direction characters hide in a name. */
export function hidesCharacters(name: string): boolean {
  return UNPRINTABLE.test(name) || DIRECTION.test(name);
}
