// Logs: whatever is logged, no secret and no e-mail address stands in it.
import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { createLogger, withoutSecrets } from '../api/logging.ts';

function logged(write: (log: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  const destination = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  write(createLogger('test', 'info', destination));
  return text;
}

test.each([
  ['cof_gateway_abcDEF123', { err: new Error('token cof_gateway_abcDEF123 is unknown') }],
  ['sk_test_51abc', { err: new Error('Invalid API Key provided: sk_test_51abc') }],
  ['pm_1QabcDEF23', { path: withoutSecrets('/v1/me/payment-methods/pm_1QabcDEF23') }],
  ['pm_WtBocBKLcbqtSXulXQKiHGyG', { path: withoutSecrets('/x/pm_WtBocBKLcbqtSXulXQKiHGyG') }],
  ['cus_R4abcDEF23', { err: new Error("No such customer: 'cus_R4abcDEF23'") }],
  ['cs_test_a1abcDEF23', { err: new Error('cs_test_a1abcDEF23 is open') }],
  ['whsec_abc', { err: new Error('no signature with whsec_abc') }],
  ['hunter2', { err: new Error('cannot reach postgres://coffer:hunter2@db:5432/coffer') }],
  [
    'somebody@example.com',
    { err: new Error('x', { cause: new Error('Key (email)=(somebody@example.com)') }) },
  ],
  [
    'somebody@example.com',
    { err: Object.assign(new Error('x'), { detail: 'Key (email)=(somebody@example.com)' }) },
  ],
  ['Bearer abc', { request: { headers: { authorization: 'Bearer abc' } } }],
  ['session=1', { headers: { cookie: 'session=1', 'set-cookie': 'session=1' } }],
  ['t=1,v1=ab', { headers: { 'stripe-signature': 't=1,v1=ab' } }],
  ['correct horse', { body: { password: 'correct horse' } }],
  ['somebody@example.com', { person: { email: 'somebody@example.com' } }],
])('%s is never logged', (secret, fields) => {
  const text = logged((log) => log.error(fields, 'it failed'));
  expect(text).toContain('it failed');
  expect(text).not.toContain(secret);
});

test('what an operator traces money and faults by stays readable', () => {
  const text = 'pi_3QabcDEF23 of card_setups in card_suspensions, account-closed, cs_test';
  expect(withoutSecrets(text)).toBe(text);
});
