// Sign-in: addresses are confirmed before anybody gets in, passwords change hands by mail only, and nothing tells who is known.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { TEST_AUTH_SECRET, verifyEmail } from './support/people.ts';
import {
  type Browser,
  browser,
  linkIn,
  mailsTo,
  PASSWORD,
  personWithPassword,
  signInFrom as signIn,
  tokenIn,
} from './support/sign-in.ts';

const OTHER_PASSWORD = 'staple wagon orbit';

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

test('whoever signed up gets in once the link in their mail was followed, and that link opens nothing twice', async () => {
  const email = 'vera@example.com';
  const tab = browser(api);
  expect(await signUp(tab, email)).toMatchObject({ status: 200, body: { token: null } });
  expect(tab.cookie()).toBe('');
  expect(await signIn(tab, email)).toMatchObject({
    status: 403,
    body: { type: '/problems/email-unverified', code: 'email-unverified', reason: 'EMAIL_NOT_VERIFIED' },
  });
  // signing in sent another link
  expect((await mailsTo(database.pool, email)).map(({ kind }) => kind)).toEqual([
    'verify-email',
    'verify-email',
  ]);
  const link = await linkIn(database.pool, email, 'verify-email');
  expect(link).toMatch(/^http:\/\/localhost:8080\/sign-in\/confirm\?token=/);

  // a program that looks at mails opens their links
  const page = await browser(api).open(link);
  expect([page.status, page.body]).toEqual([200, expect.stringContaining('<button>Confirm</button>')]);
  expect(page.headers.getSetCookie()).toEqual([]);
  expect((await signIn(browser(api), email)).status).toBe(403);
  const opened = await tab.confirm(link);
  expect({ status: opened.status, to: opened.headers.get('location') }).toEqual({
    status: 303,
    to: '/sign-in/confirmed',
  });
  expect((await tab.get('/sign-in/confirmed')).status).toBe(200);
  expect((await tab.get('/v1/me')).body).toMatchObject({ email });
  const other = browser(api);
  expect((await other.confirm(link)).status).toBe(303);
  expect(other.cookie()).toBe('');
  expect((await signIn(other, email)).status).toBe(200);
});

test('the link of another person, a changed one and one that expired confirm nothing', async () => {
  const email = 'walt@example.com';
  await signUp(browser(api), email);
  const link = await linkIn(database.pool, email, 'verify-email');
  const tampered = link.replace(/token=([^.]+)\.([^.]+)\./, (_all, head, payload: string) => {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, email: 'vera@example.com' })).toString(
      'base64url',
    );
    return `token=${head}.${forged}.`;
  });
  const expired = link.replace(/token=[^&]+/, `token=${signed({ email, exp: Date.now() / 1_000 - 1 })}`);
  for (const bad of [tampered, link.replace(/(token=[^&]{60})[^&]+/, '$1'), `${link}x`, expired]) {
    const answer = await browser(api).confirm(bad);
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('This link works no more')]);
    expect(answer.headers.getSetCookie()).toEqual([]);
    const direct = `/api/auth/verify-email?token=${encodeURIComponent(tokenIn(bad))}`;
    expect(await browser(api).get(direct)).toMatchObject({ status: 400, body: { code: 'link-invalid' } });
  }
  expect((await signIn(browser(api), email)).status).toBe(403);
});

test('an address on somebody else’s page or in a mail confirms nothing by itself and signs nobody in', async () => {
  const email = 'wanda@example.com';
  await signUp(browser(api), email);
  const token = tokenIn(await linkIn(database.pool, email, 'verify-email'));
  for (const path of ['/api/auth/verify-email', '/API/AUTH/verify-email']) {
    for (const site of ['cross-site', 'same-site', 'none']) {
      const answer = await fetch(`${api.url}${path}?token=${token}`, {
        redirect: 'manual',
        headers: { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' },
      });
      expect([site, answer.status, answer.headers.getSetCookie()]).toEqual([site, 403, []]);
      expect(await answer.json()).toMatchObject({ code: 'origin-not-allowed' });
    }
  }
  const ours = browser(api);
  expect((await ours.get(`/api/auth/verify-email?token=${token}`)).status).toBe(200);
  expect((await ours.get('/v1/me')).body).toMatchObject({ email });
});

test('no answer tells whether an address is known', async () => {
  const known = 'known@example.com';
  const unconfirmed = 'unconfirmed@example.com';
  const unknown = 'unknown@example.com';
  await signUp(browser(api), known);
  await verifyEmail(database.pool, known);
  await signUp(browser(api), unconfirmed);
  const asked: [string, (email: string) => object][] = [
    ['/api/auth/sign-in/email', (email) => ({ email, password: 'not the password' })],
    ['/api/auth/request-password-reset', (email) => ({ email })],
    ['/api/auth/send-verification-email', (email) => ({ email })],
  ];
  for (const [path, body] of asked) {
    const answers = [];
    for (const email of [known, unconfirmed, unknown]) {
      const { status, headers, body: answer } = await browser(api).post(path, body(email));
      answers.push({
        status,
        headers: [...headers.keys()].filter((name) => name !== 'x-request-id'),
        body: { ...answer, instance: undefined },
      });
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  }
  const first = await signUp(browser(api), 'brand-new@example.com');
  for (const email of [known, unconfirmed]) {
    const again = await signUp(browser(api), email);
    expect(again.status).toBe(first.status);
    expect([...again.headers.keys()]).toEqual([...first.headers.keys()]);
    expect(Object.keys(again.body.user)).toEqual(Object.keys(first.body.user));
    expect(again.body.user).toMatchObject({ email, emailVerified: false, name: 'Somebody' });
  }
  // a name that would be refused is refused for everybody
  for (const email of [known, unknown]) {
    const body = { email, password: PASSWORD, name: 'Eve\u202egpj' };
    expect((await browser(api).post('/api/auth/sign-up/email', body)).body.code).toBe('request-invalid');
  }
});

test('of two who sign up with one address the reader of its mail chooses the password', async () => {
  const email = 'contested@example.com';
  const squatter = browser(api);
  await signUp(squatter, email, 'the squatter knows this');
  await signUp(browser(api), email, PASSWORD);
  const link = await linkIn(database.pool, email, 'sign-up-again');
  expect(link).toMatch(/^http:\/\/localhost:8080\/sign-in\/new-password\?token=/);
  const owner = browser(api);
  const chosen = { token: tokenIn(link), newPassword: OTHER_PASSWORD };
  expect((await owner.post('/api/auth/reset-password', chosen)).status).toBe(200);
  // following the link has confirmed the address
  expect((await signIn(owner, email, OTHER_PASSWORD)).status).toBe(200);
  expect((await signIn(squatter, email, 'the squatter knows this')).status).toBe(401);
});

test('a forgotten password is chosen anew by a link that works once, and every session ends', async () => {
  const email = 'forgetful@example.com';
  const tab = await signedIn(email);
  expect((await browser(api).post('/api/auth/request-password-reset', { email })).status).toBe(200);
  await browser(api).post('/api/auth/request-password-reset', {
    email,
    redirectTo: '/account/password?from=mail',
  });
  const newest = await linkIn(database.pool, email, 'reset-password');
  expect(newest).toMatch(/^http:\/\/localhost:8080\/account\/password\?from=mail&token=/);
  const [, earlier] = (await mailsTo(database.pool, email)).filter(({ kind }) => kind === 'reset-password');
  const body = { token: tokenIn(newest), newPassword: OTHER_PASSWORD };
  expect((await browser(api).post('/api/auth/reset-password', body)).status).toBe(200);

  expect((await tab.get('/v1/me')).status).toBe(401);
  expect((await signIn(tab, email)).body.code).toBe('sign-in-failed');
  expect((await signIn(tab, email, OTHER_PASSWORD)).status).toBe(200);
  for (const token of [tokenIn(newest), tokenIn(earlier?.link ?? ''), 'x']) {
    const again = await browser(api).post('/api/auth/reset-password', { token, newPassword: PASSWORD });
    expect(again).toMatchObject({ status: 400, body: { code: 'link-invalid' } });
  }
  expect((await mailsTo(database.pool, email))[0]?.kind).toBe('password-changed');
});

test('a link to choose a password is kept as a hash and expires', async () => {
  const email = 'late@example.com';
  await signedIn(email);
  await browser(api).post('/api/auth/request-password-reset', { email });
  const token = tokenIn(await linkIn(database.pool, email, 'reset-password'));
  const { rows } = await database.pool.query('select v::text as line from auth.verifications v');
  expect(rows.length).toBeGreaterThan(0);
  for (const { line } of rows) expect(line).not.toContain(token);
  await database.pool.query(`update auth.verifications set expires_at = now() - interval '1 second'`);
  const answer = await browser(api).post('/api/auth/reset-password', { token, newPassword: OTHER_PASSWORD });
  expect(answer).toMatchObject({ status: 400, body: { code: 'link-invalid' } });
  expect((await signIn(browser(api), email)).status).toBe(200);
});

test('the page behind a link sets the password without a script, by the same rules, once', async () => {
  const email = 'paper@example.com';
  await personWithPassword(database.pool, email);
  await browser(api).post('/api/auth/request-password-reset', { email });
  const link = await linkIn(database.pool, email, 'reset-password');
  const page = await browser(api).open(link);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(page.body).toContain(`<input type="hidden" name="token" value="${tokenIn(link)}">`);
  const send = async (newPassword: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${api.url}/sign-in/new-password`, {
      method: 'POST',
      headers: { origin: 'null', 'sec-fetch-site': 'same-origin', ...headers },
      body: new URLSearchParams({ token: tokenIn(link), newPassword }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  expect((await send(OTHER_PASSWORD, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  const common = await send('password1');
  expect(common.status).toBe(400);
  expect(common.text).toContain('<button>Set the password</button>');
  expect(await send(OTHER_PASSWORD)).toMatchObject({
    status: 200,
    text: expect.stringContaining('Your new password is set'),
  });
  expect((await signIn(browser(api), email, OTHER_PASSWORD)).status).toBe(200);
  expect(await send(PASSWORD)).toMatchObject({
    status: 400,
    text: expect.stringContaining('This link works no more'),
  });
  const hostile = await browser(api).get(
    '/sign-in/new-password?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E',
  );
  expect(hostile.body).not.toContain('<script>');
  for (const query of ['', '?token=', '?token=a&token=b', '?error=TOKEN_EXPIRED']) {
    expect((await browser(api).get(`/sign-in/new-password${query}`)).status).toBe(400);
  }
  for (const query of ['', '?token=a&token=b', '?token=a&callbackURL=//evil.example', '?x=1']) {
    expect((await browser(api).get(`/sign-in/confirm${query}`)).status).toBe(400);
  }
  expect((await browser(api).get('/sign-in/confirmed')).status).toBe(200);
});

test('nobody’s mailbox is filled by signing up or in with their address', async () => {
  const email = 'bombed@example.com';
  await database.pool.query('delete from notices');
  await signUp(browser(api), email);
  for (let i = 0; i < 5; i += 1) {
    await database.pool.query('delete from rate_limits');
    await signUp(browser(api), email);
    await signIn(browser(api), email);
    await signIn(browser(api), email);
  }
  const kinds = (await mailsTo(database.pool, email)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'verify-email')).toHaveLength(10);
  expect(kinds.filter((kind) => kind === 'sign-up-again').length).toBeLessThanOrEqual(10);
});

test('two who follow one link at once choose one password', async () => {
  const email = 'raced@example.com';
  await signedIn(email);
  await browser(api).post('/api/auth/request-password-reset', { email });
  const token = tokenIn(await linkIn(database.pool, email, 'reset-password'));
  const answers = await Promise.all(
    ['first choice here', 'second choice here'].map((newPassword) =>
      browser(api).post('/api/auth/reset-password', { token, newPassword }),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
});

test('changing the password takes the old one and ends every other session', async () => {
  const email = 'changer@example.com';
  const tab = await signedIn(email);
  const elsewhere = browser(api);
  await signIn(elsewhere, email);
  const change = (currentPassword: string) =>
    tab.post('/api/auth/change-password', { currentPassword, newPassword: OTHER_PASSWORD });
  expect(await change('not this one')).toMatchObject({ status: 400, body: { code: 'password-wrong' } });
  expect((await elsewhere.get('/v1/me')).status).toBe(200);
  expect((await change(PASSWORD)).status).toBe(200);
  expect((await elsewhere.get('/v1/me')).status).toBe(401);
  expect((await tab.get('/v1/me')).status).toBe(200);
  expect((await mailsTo(database.pool, email))[0]?.kind).toBe('password-changed');
  expect(
    (
      await browser(api).post('/api/auth/change-password', {
        currentPassword: PASSWORD,
        newPassword: OTHER_PASSWORD,
      })
    ).body.code,
  ).toBe('unauthenticated');
});

test('an address changes only when the old one agrees and the new one answers', async () => {
  const email = 'mover@example.com';
  const newEmail = 'moved@example.com';
  const tab = await signedIn(email);
  await browser(api).post('/api/auth/request-password-reset', { email });
  const oldLink = tokenIn(await linkIn(database.pool, email, 'reset-password'));
  await tab.post('/api/auth/change-email', { newEmail });
  expect((await tab.get('/v1/me')).body.email).toBe(email);
  const asked = await linkIn(database.pool, email, 'confirm-new-email');
  await browser(api).open(asked);
  await tab.confirm(asked);
  expect((await tab.get('/v1/me')).body.email).toBe(email);
  const { rows } = await database.pool.query(`select details from notices where kind = 'verify-new-email'`);
  expect(rows[0].details.to).toBe(newEmail);
  await tab.confirm(rows[0].details.link);
  expect((await tab.get('/v1/me')).body.email).toBe(newEmail);
  expect((await signIn(browser(api), email)).status).toBe(401);
  expect((await signIn(browser(api), newEmail)).status).toBe(200);
  // what was sent to the old address opens nothing any more
  const reset = { token: oldLink, newPassword: OTHER_PASSWORD };
  expect((await browser(api).post('/api/auth/reset-password', reset)).body.code).toBe('link-invalid');

  const taken = await tab.post('/api/auth/change-email', { newEmail: 'vera@example.com' });
  const free = await tab.post('/api/auth/change-email', { newEmail: 'nobody-here@example.com' });
  expect(taken.body).toEqual(free.body);
});

test('common, short and long passwords are refused wherever one is chosen', async () => {
  const email = 'choosy@example.com';
  const tab = await signedIn(email);
  const refused = { status: 400, body: { code: 'password-not-accepted' } };
  for (const newPassword of [
    '12345678',
    'Password1',
    'qwertyuiop',
    'aaaaaaaaaaaa',
    'short',
    'x'.repeat(129),
  ]) {
    expect(await signUp(browser(api), 'choosier@example.com', newPassword)).toMatchObject(refused);
    const change = { currentPassword: PASSWORD, newPassword };
    expect(await tab.post('/api/auth/change-password', change)).toMatchObject(refused);
    expect(await tab.post('/api/auth/reset-password', { token: 'x', newPassword })).toMatchObject(refused);
  }
  expect((await signIn(browser(api), email)).status).toBe(200);
});

test.each([
  'https://evil.example/',
  '//evil.example/',
  '/\\evil.example/',
  '/%2f/evil.example/..%2f',
  '/\t/evil.example',
  'javascript:alert(1)',
  'http://localhost:8080.evil.example/',
  'http://localhost:8080@evil.example/',
  'evil',
  '',
])('a link of ours never leads to %j', async (target) => {
  const email = 'lured@example.com';
  const bodies: [string, object][] = [
    ['/api/auth/sign-up/email', { email, password: PASSWORD, name: 'L', callbackURL: target }],
    ['/api/auth/sign-in/email', { email, password: PASSWORD, callbackURL: target }],
    ['/api/auth/send-verification-email', { email, callbackURL: target }],
    ['/api/auth/request-password-reset', { email, redirectTo: target }],
  ];
  for (const [path, body] of bodies) {
    expect(await browser(api).post(path, body)).toMatchObject({
      status: 400,
      body: { code: 'request-invalid' },
    });
  }
  const opened = await browser(api).get(
    `/api/auth/verify-email?token=x&callbackURL=${encodeURIComponent(target)}`,
  );
  expect([opened.status, opened.headers.get('location')]).toEqual([400, null]);
});

/** A token of a link, signed as the API signs them. */
function signed(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', TEST_AUTH_SECRET).update(text).digest('base64url')}`;
}

async function signedIn(email: string): Promise<Browser> {
  await personWithPassword(database.pool, email);
  const tab = browser(api);
  expect((await signIn(tab, email)).status).toBe(200);
  return tab;
}

function signUp(tab: Browser, email: string, password = PASSWORD) {
  return tab.post('/api/auth/sign-up/email', { email, password, name: 'Somebody' });
}
