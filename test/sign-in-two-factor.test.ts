// The second factor: once it is on, a password alone opens nothing, by cookie and by bearer token alike.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import {
  authenticatorCode,
  type Browser,
  browser,
  mailsTo,
  PASSWORD,
  personWithPassword,
  signInFrom,
} from './support/sign-in.ts';

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

test('a second factor counts from the first right code on, and ends what a password alone had opened', async () => {
  const email = 'two@example.com';
  await personWithPassword(database.pool, email);
  const [tab, elsewhere] = [browser(api), browser(api)];
  await signInFrom(tab, email);
  await signInFrom(elsewhere, email);
  expect(await tab.post('/api/auth/two-factor/enable', { password: 'not mine' })).toMatchObject({
    status: 400,
    body: { code: 'password-wrong' },
  });
  const { body } = await tab.post('/api/auth/two-factor/enable', { password: PASSWORD });
  expect(body.backupCodes).toHaveLength(10);
  const wrong = await tab.post('/api/auth/two-factor/verify-totp', { code: '000000' });
  expect(wrong).toMatchObject({ status: 401, body: { code: 'two-factor-failed', reason: 'INVALID_CODE' } });
  expect((await signInFrom(browser(api), email)).body.token).toEqual(expect.any(String));

  const code = authenticatorCode(body.totpURI);
  expect((await tab.post('/api/auth/two-factor/verify-totp', { code })).status).toBe(200);
  expect((await tab.get('/v1/me')).status).toBe(200);
  expect((await elsewhere.get('/v1/me')).status).toBe(401);
  expect((await mailsTo(database.pool, email))[0]?.kind).toBe('two-factor-enabled');
  const { rows } = await database.pool.query('select t::text as line from auth.two_factors t');
  const secret = new URL(body.totpURI).searchParams.get('secret') ?? '';
  for (const { line } of rows) {
    for (const kept of [secret, ...body.backupCodes]) expect(line).not.toContain(kept);
  }
});

test('a password without the code opens nothing, in a browser or by a token', async () => {
  const { email, totpUri } = await enabled('guarded@example.com');
  const tab = browser(api);
  const asked = await signInFrom(tab, email);
  expect(asked.body).toEqual({ twoFactorRedirect: true, twoFactorMethods: ['totp'] });
  expect(asked.headers.get('set-auth-token')).toBeNull();
  expect((await tab.get('/v1/me')).status).toBe(401);
  const pending = asked.headers.get('set-two-factor-token') ?? '';
  for (const token of [pending, decodeURIComponent(pending)]) {
    expect((await api.call('GET', '/v1/me', { token })).status).toBe(401);
  }
  const code = authenticatorCode(totpUri);
  expect((await tab.post('/api/auth/two-factor/verify-totp', { code })).status).toBe(200);
  expect((await tab.get('/v1/me')).body.email).toBe(email);

  await nextCode();
  const script = await api.json('POST', '/api/auth/sign-in/email', { body: { email, password: PASSWORD } });
  const verified = await api.call('POST', '/api/auth/two-factor/verify-totp', {
    body: { code },
    headers: { 'two-factor-token': script.headers.get('set-two-factor-token') ?? '' },
  });
  const token = verified.headers.get('set-auth-token') ?? '';
  expect((await api.json('GET', '/v1/me', { token })).body.email).toBe(email);
});

test('a code opens one session, also when it comes twice at once', async () => {
  const { email, totpUri } = await enabled('seen@example.com', { nextCode: false });
  const code = authenticatorCode(totpUri);
  const first = browser(api);
  await signInFrom(first, email);
  // it switched the second factor on
  expect(await first.post('/api/auth/two-factor/verify-totp', { code })).toMatchObject({
    status: 401,
    body: { code: 'two-factor-failed', detail: 'This code was used already: take the next one.' },
  });
  expect((await first.get('/v1/me')).status).toBe(401);
  await nextCode();
  const tabs = [browser(api), browser(api)];
  for (const tab of tabs) await signInFrom(tab, email);
  const answers = await Promise.all(
    tabs.map((tab) => tab.post('/api/auth/two-factor/verify-totp', { code })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  const { rows } = await database.pool.query(
    'select from auth.sessions s join auth.people p on p.id = s.person_id where p.email = $1',
    [email],
  );
  // the one that switched it on, and the one that this opened
  expect(rows).toHaveLength(2);
});

test('a backup code works once', async () => {
  const { email, backupCodes } = await enabled('backup@example.com');
  const [code] = backupCodes;
  const tab = browser(api);
  await signInFrom(tab, email);
  expect((await tab.post('/api/auth/two-factor/verify-backup-code', { code })).status).toBe(200);
  const again = browser(api);
  await signInFrom(again, email);
  expect(await again.post('/api/auth/two-factor/verify-backup-code', { code })).toMatchObject({
    status: 401,
    body: { code: 'two-factor-failed' },
  });
});

test('a sign-in takes five wrong codes, and an account ten before it rests', async () => {
  const { email, totpUri } = await enabled('guessed@example.com');
  const guess = (tab: Browser) => tab.post('/api/auth/two-factor/verify-totp', { code: '000000' });
  const right = (tab: Browser) =>
    tab.post('/api/auth/two-factor/verify-totp', { code: authenticatorCode(totpUri) });
  const first = browser(api);
  await signInFrom(first, email);
  for (let i = 0; i < 5; i += 1) expect((await guess(first)).body.reason).toBe('INVALID_CODE');
  expect((await right(first)).body).toMatchObject({ code: 'two-factor-failed' });
  const second = browser(api);
  await signInFrom(second, email);
  for (let i = 0; i < 5; i += 1) await guess(second);
  const third = browser(api);
  await signInFrom(third, email);
  const locked = await right(third);
  expect(locked).toMatchObject({ status: 429, body: { code: 'rate-limited' } });
  expect(locked.headers.get('retry-after')).toBe('900');
});

test('no device is trusted, and only the password switches the second factor off', async () => {
  const { email, tab, totpUri } = await enabled('careful@example.com');
  const trusting = browser(api);
  await signInFrom(trusting, email);
  const code = authenticatorCode(totpUri);
  const trusted = await trusting.post('/api/auth/two-factor/verify-totp', { code, trustDevice: true });
  expect(trusted).toMatchObject({ status: 400, body: { code: 'request-invalid' } });
  expect((await tab.post('/api/auth/two-factor/disable', { password: 'not mine' })).status).toBe(400);
  expect((await tab.post('/api/auth/two-factor/disable', { password: PASSWORD })).status).toBe(200);
  expect((await mailsTo(database.pool, email))[0]?.kind).toBe('two-factor-disabled');
  const later = browser(api);
  await signInFrom(later, email);
  expect((await later.get('/v1/me')).status).toBe(200);
});

test('a password that was chosen anew does not get around the second factor', async () => {
  const { email } = await enabled('reset@example.com');
  await browser(api).post('/api/auth/request-password-reset', { email });
  const [mail] = await mailsTo(database.pool, email);
  const token = new URL(mail?.link ?? '').searchParams.get('token');
  const newPassword = 'entirely different words';
  const tab = browser(api);
  expect((await tab.post('/api/auth/reset-password', { token, newPassword })).status).toBe(200);
  expect((await signInFrom(tab, email, newPassword)).body).toMatchObject({ twoFactorRedirect: true });
  expect((await tab.get('/v1/me')).status).toBe(401);
});

/** As if the authenticator showed another code meanwhile. */
async function nextCode(): Promise<void> {
  await database.pool.query(`delete from rate_limits where key like 'used-codes:%'`);
}

/** A person whose second factor is on, and the tab in which they switched it on. */
async function enabled(email: string, then = { nextCode: true }) {
  await personWithPassword(database.pool, email);
  const tab = browser(api);
  await signInFrom(tab, email);
  const { body } = await tab.post('/api/auth/two-factor/enable', { password: PASSWORD });
  const totpUri: string = body.totpURI;
  const backupCodes: string[] = body.backupCodes;
  await tab.post('/api/auth/two-factor/verify-totp', { code: authenticatorCode(totpUri) });
  if (then.nextCode) await nextCode();
  return { email, tab, totpUri, backupCodes };
}
