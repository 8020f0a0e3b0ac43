// What people get wrong while typing, told in their words; the server refuses the same, and has the last word.

/** A character that leaves a mark, beside those that only join, space or fill. */
const SEEN = /[^\p{DI}\p{Z}\p{M}\u2800]/u;
/** Control characters, halves of surrogate pairs, and what turns the direction of text. */
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const MOST = { name: 100, email: 254, slug: 63, password: 128 };
const LEAST_PASSWORD = 8;

/** What is wrong with a name that others will read. */
export function nameFault(typed: string, missing = 'Enter a name.'): string | undefined {
  const name = typed.trim();
  if (name === '') return missing;
  if (HIDDEN.test(name))
    return 'There are characters in it that nobody sees, and that change how it is read. Type it by hand.';
  if (!SEEN.test(name)) return 'A name needs a character that can be seen.';
  return name.length > MOST.name
    ? `A name has at most ${MOST.name} characters; this has ${name.length.toLocaleString('en-US')}.`
    : undefined;
}

/** What is wrong with an e-mail address, as far as that can be seen. */
export function emailFault(typed: string): string | undefined {
  const email = typed.trim();
  if (email === '') return 'Enter an e-mail address.';
  if (email.length > MOST.email) return `An e-mail address has at most ${MOST.email} characters.`;
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) ? undefined : 'This is not an e-mail address.';
}

/** What is wrong with the name of an organization in addresses. */
export function slugFault(typed: string): string | undefined {
  const slug = typed.trim();
  if (slug === '') return 'Enter its name in addresses.';
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(slug))
    return 'Use lower-case letters, digits, and single hyphens between them.';
  return slug.length > MOST.slug ? `It has at most ${MOST.slug} characters.` : undefined;
}

/** What is wrong with a password that somebody chooses. */
export function newPasswordFault(typed: string): string | undefined {
  if (typed.length < LEAST_PASSWORD) return `A password has at least ${LEAST_PASSWORD} characters.`;
  return typed.length > MOST.password ? `A password has at most ${MOST.password} characters.` : undefined;
}

/** What is said of a field that was left empty. */
export const emptyFault = (typed: string, says: string): string | undefined =>
  typed.trim() === '' ? says : undefined;
