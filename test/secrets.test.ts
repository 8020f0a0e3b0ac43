// Secrets: what each says it is, and that none is taken for another.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSecret, recognisedPrefix, secretKind } from '../ledger/secrets.ts';

test.each(['live', 'test', 'gateway', 'operator'] as const)('a %s secret says what it is', (kind) => {
  const secret = createSecret(kind);
  expect(secret).toMatch(new RegExp(`^cof_${kind}_[0-9A-Za-z]{49}$`));
  expect(secretKind(secret)).toBe(kind);
  expect(recognisedPrefix(secret)).toBe(secret.slice(0, `cof_${kind}_`.length + 6));
  expect(createSecret(kind)).not.toBe(secret);
});

test('a secret with one wrong character is refused without a lookup', () => {
  const characters = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'];
  fc.assert(
    fc.property(fc.nat({ max: 48 }), fc.constantFrom(...characters), (place, character) => {
      const secret = createSecret('live');
      const at = 'cof_live_'.length + place;
      fc.pre(secret[at] !== character);
      expect(secretKind(secret.slice(0, at) + character + secret.slice(at + 1))).toBeUndefined();
    }),
  );
});

test.each([
  '',
  'cof_live_',
  'cof_admin_'.padEnd(60, 'a'),
  `${createSecret('live')}x`,
  ` ${createSecret('live')}`,
])('%p is no secret', (text) => expect(secretKind(text)).toBeUndefined());
