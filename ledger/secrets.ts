// Secrets of API keys and service tokens: random, recognisable, with a checksum; only their hash is ever stored.
import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * What a secret is for, as its prefix says: an API key that is live or for tests, a token of a service or of an
 * organization's program, or the link of an invitation.
 */
export type SecretKind = 'live' | 'test' | 'gateway' | 'operator' | 'organization' | 'invitation';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_BYTES = 32;
/** 62^43 is the first power of 62 beyond 2^256, 62^6 the first beyond 2^32. */
const RANDOM_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const SHAPE = /^(cof_(live|test|gateway|operator|organization|invitation)_[0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;
const RECOGNISED_LENGTH = 6;

/** Makes a secret with 256 random bits: `cof_<kind>_<random><checksum>`. */
export function createSecret(kind: SecretKind): string {
  const body = `cof_${kind}_${base62(BigInt(`0x${randomBytes(RANDOM_BYTES).toString('hex')}`), RANDOM_LENGTH)}`;
  return body + checksum(body);
}

/** What a secret is for; `undefined` when it is none of ours or mistyped, which needs no lookup to know. */
export function secretKind(secret: string): SecretKind | undefined {
  const [, body = '', kind, sum] = SHAPE.exec(secret) ?? [];
  if (kind === undefined || sum !== checksum(body)) return undefined;
  return KINDS.find((one) => one === kind);
}

/** The SHA-256 of a secret: what is stored and looked up. (256 random bits need no slow hash.) */
export function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** The beginning of a secret, kept so that people recognise it. */
export function recognisedPrefix(secret: string): string {
  return secret.slice(0, secret.lastIndexOf('_') + 1 + RECOGNISED_LENGTH);
}

const KINDS: readonly SecretKind[] = ['live', 'test', 'gateway', 'operator', 'organization', 'invitation'];

function checksum(body: string): string {
  return base62(BigInt(crc32(body)), CHECKSUM_LENGTH);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text;
  return text.padStart(length, ALPHABET.charAt(0));
}
