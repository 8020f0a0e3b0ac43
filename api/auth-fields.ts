// The fields of sign-in's input: text that can be stored, addresses, passwords, and pages of ours.
import { z } from 'zod';

/** Text that Postgres can hold. */
export const text = (most: number) =>
  z
    .string()
    .max(most, `At most ${most} characters.`)
    .refine((value) => value.isWellFormed() && !value.includes('\0'), {
      error: 'A NUL character or half of a surrogate pair is not allowed.',
    });

/** An e-mail address. */
export const email = text(254).pipe(z.email('This is not an e-mail address.'));
/** A password as somebody typed it; whether it may be chosen is another question. */
export const password = text(10_000);

/** A page of ours by its path alone, so that no link in our mails leads anywhere else. */
export const ownPath = text(2_000)
  .refine(isOwnPath, { error: 'Only a path of this deployment, like /welcome, is allowed.' })
  .optional();

/** Whether every browser takes this for a page of the site it is on. */
function isOwnPath(path: string): boolean {
  if (!/^\/(?![/\\])[^\\\s\p{Cc}]*$/u.test(path) || /%(2f|5c)/i.test(path.split(/[?#]/, 1)[0] ?? ''))
    return false;
  const base = 'https://coffer.invalid';
  return URL.canParse(path, base) && new URL(path, base).origin === base;
}
