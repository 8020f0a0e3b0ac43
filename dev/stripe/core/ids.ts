// Ids in Stripe's manner: a prefix and random letters and digits.
import { createHash, randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A fresh id such as `pi_3kTz…`; `length` counts the random part. */
export function newId(prefix: string, length = 24): string {
  return `${prefix}_${letters(randomBytes(length))}`;
}

/** The fingerprint of a card number: the same for every PaymentMethod made from it. */
export function fingerprintOf(cardNumber: string): string {
  return letters(createHash('sha256').update(`sandbox:${cardNumber}`).digest().subarray(0, 16));
}

function letters(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += ALPHABET.charAt(byte % ALPHABET.length);
  return text;
}
