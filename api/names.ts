// Names that people give: what a person, an organization, its address or an API key may be called.
import { z } from 'zod';
import { hidesCharacters } from '../ledger/text.ts';

/** A character that leaves a mark, beside those that only join, space or fill. */
const SEEN = /[^\p{DI}\p{Z}\p{M}\u2800]/u;

/** A name for people to read: 1 to 100 characters, one of them to be seen, without control or text-direction characters. */
export const displayName = z
  .string()
  .trim()
  .min(1, 'A name has at least one character.')
  .max(100, 'A name has at most 100 characters.')
  .refine((name) => name === '' || SEEN.test(name), { error: 'A name has a character that can be seen.' })
  .refine((name) => !hidesCharacters(name), {
    error: 'A name has no control or text-direction characters.',
  });

/** An organization's short name in addresses: 1 to 63 lower-case letters, digits and single inner hyphens. */
export const slug = z
  .string()
  .max(63, 'A slug has at most 63 characters.')
  .regex(
    /^[a-z0-9]+(-[a-z0-9]+)*$/,
    'A slug consists of lower-case letters, digits and hyphens between them.',
  );
