// What other sites can make a browser do here: nothing. Cookies, origins, CORS, headers, and who reads the metrics.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isTrusted } from '../api/same-origin.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createPerson, createTestAuth, signIn } from './support/people.ts';
import { browser, PASSWORD, personWithPassword, signInFrom } from './support/sign-in.ts';

const PUBLIC = 'https://credits.example.com';
const PARTNER = 'https://partner.example.com';
const SCRAPER = 'metrics-token-of-a-test';

let database: TestDatabase;
/** As in development, on http://localhost. */
let local: TestApi;
/** As in production, on https. */
let secure: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  local = await startTestApi(database);
  secure = await startTestApi(database, {
    environment: { COFFER_BASE_URL: PUBLIC, COFFER_CORS_ORIGINS: PARTNER, COFFER_METRICS_TOKEN: SCRAPER },
  });
});

afterAll(async () => {
  await Promise.all([local.close(), secure.close()]);
  await database.drop();
});

const own = 'http://localhost:8080';
const cookie = 'coffer.session_token=x';

test.each<[string, Record<string, string>, boolean]>([
  ['a program', {}, true],
  ['a program with a token', { authorization: 'Bearer x' }, true],
  [
    'another site, whatever its token says',
    { authorization: 'Bearer x', origin: 'https://evil.example', cookie },
    false,
  ],
  ['a program with a cookie that says nothing more', { cookie }, false],
  ['a program with a cookie that names us', { cookie, origin: own }, true],
  ['our page', { cookie, origin: own, 'sec-fetch-site': 'same-origin' }, true],
  ['our form, its origin hidden', { cookie, origin: 'null', 'sec-fetch-site': 'same-origin' }, true],
  ['our form, its origin missing', { cookie, 'sec-fetch-site': 'same-origin' }, true],
  ['our sign-in page', { origin: own, 'sec-fetch-site': 'same-origin' }, true],
  ['another site', { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, false],
  ['another site with an old browser', { cookie, origin: 'https://evil.example' }, false],
  ['another site’s sign-in', { origin: 'https://evil.example' }, false],
  ['another site’s form, its origin missing', { 'sec-fetch-site': 'cross-site' }, false],
  [
    'a neighbour below our domain',
    { cookie, origin: 'http://evil.localhost:8080', 'sec-fetch-site': 'same-site' },
    false,
  ],
  [
    'another port of our host',
    { cookie, origin: 'http://localhost:9999', 'sec-fetch-site': 'same-site' },
    false,
  ],
  ['a sandboxed frame', { cookie, origin: 'null' }, false],
  ['a sandboxed frame without a cookie', { origin: 'null' }, false],
  ['a site that is allowed, without a cookie', { origin: PARTNER, 'sec-fetch-site': 'cross-site' }, true],
  [
    'a site that is allowed, with a cookie',
    { cookie, origin: PARTNER, 'sec-fetch-site': 'cross-site' },
    false,
  ],
])('a write of %s: %j is accepted: %s', (_who, headers, accepted) => {
  expect(isTrusted(headers, { baseUrl: own, corsOrigins: [PARTNER] })).toBe(accepted);
});

test('what another site sends with the cookie changes nothing, on /v1 and on /api/auth', async () => {
  const email = 'rider@example.com';
  await personWithPassword(database.pool, email);
  const tab = browser(local);
  await signInFrom(tab, email);
  const { personalAccountId } = (await tab.get('/v1/me')).body;
  const evil = { cookie: tab.cookie(), origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const writes: [string, string, unknown][] = [
    ['POST', `/v1/accounts/${personalAccountId}/api-keys`, { name: 'theirs' }],
    ['DELETE', '/v1/me/sessions', undefined],
    ['POST', '/api/auth/sign-out', {}],
    ['POST', '/api/auth/update-user', { name: 'Pwned' }],
    ['POST', '/api/auth/change-password', { currentPassword: PASSWORD, newPassword: 'chosen by evil' }],
    ['POST', '/api/auth/two-factor/enable', { password: PASSWORD }],
  ];
  for (const [method, path, body] of writes) {
    const bogus = ['Bearer x', 'Bearer x.y', 'Bearer cof_gateway_x', 'Basic eDp5', 'Negotiate x', ''];
    for (const headers of [
      evil,
      { cookie: evil.cookie },
      { cookie: evil.cookie, origin: 'null' },
      ...bogus.map((authorization) => ({ ...evil, authorization })),
    ]) {
      expect(await local.json(method, path, { body, headers })).toMatchObject({
        status: 403,
        body: { code: 'origin-not-allowed' },
      });
    }
  }
  expect((await tab.get('/v1/me')).body).toMatchObject({ email, name: 'Somebody' });
  const { rows } = await database.pool.query('select from api_keys');
  expect(rows).toHaveLength(0);
});

test('a token that is the principal speaks for itself from wherever, and for nobody whose cookie comes along', async () => {
  const [visitor, program] = ['visitor@example.com', 'program@example.com'];
  for (const email of [visitor, program]) await personWithPassword(database.pool, email);
  const tab = browser(local);
  await signInFrom(tab, visitor);
  const { headers } = await local.call('POST', '/api/auth/sign-in/email', {
    body: { email: program, password: PASSWORD },
  });
  const token = headers.get('set-auth-token') ?? '';
  const from = { cookie: tab.cookie(), origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const me = (await local.json('GET', '/v1/me', { token })).body;
  const path = `/v1/accounts/${me.personalAccountId}/api-keys`;
  expect((await local.json('POST', path, { token, headers: from, body: { name: 'own' } })).status).toBe(201);
  expect((await local.call('POST', '/api/auth/sign-out', { token, headers: from, body: {} })).status).toBe(
    200,
  );
  expect((await local.call('GET', '/v1/me', { token })).status).toBe(401);
  expect((await tab.get('/v1/me')).body.email).toBe(visitor);
});

test('no site signs a visitor in as somebody else, and no form is read', async () => {
  const email = 'fixed@example.com';
  await personWithPassword(database.pool, email);
  const body = { email, password: PASSWORD };
  const headers = { origin: 'https://evil.example' };
  const answer = await local.call('POST', '/api/auth/sign-in/email', { body, headers });
  expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []]);
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x']) {
    const form = await local.json('POST', '/api/auth/sign-in/email', {
      body: `email=${email}&password=${PASSWORD}`,
      headers: { 'content-type': type },
    });
    expect(form).toMatchObject({ status: 415, body: { code: 'content-type-unsupported' } });
  }
});

test('a cookie on https is kept to this host, to https and from scripts', async () => {
  const email = 'secure@example.com';
  await personWithPassword(database.pool, email);
  const headers = { origin: PUBLIC };
  const body = { email, password: PASSWORD };
  const answer = await secure.call('POST', '/api/auth/sign-in/email', { body, headers });
  const cookies = answer.headers.getSetCookie();
  expect(cookies).toHaveLength(1);
  const [pair = '', ...attributes] = (cookies[0] ?? '').split('; ');
  expect(pair).toMatch(/^__Host-coffer\.session_token=/);
  expect(attributes).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']));
  expect(attributes.join()).not.toMatch(/domain/i);
  const me = await secure.json('GET', '/v1/me', { headers: { cookie: pair } });
  expect(me.body.email).toBe(email);
  // the name that a neighbour on http could set is not believed
  const planted = pair.replace('__Host-', '');
  expect((await secure.call('GET', '/v1/me', { headers: { cookie: planted } })).status).toBe(401);
});

test('a cookie beside an Authorization header never counts, also for sign-in’s own routes', async () => {
  const email = 'both@example.com';
  await personWithPassword(database.pool, email);
  const tab = browser(local);
  await signInFrom(tab, email);
  for (const authorization of ['Bearer x', 'Basic eDp5', 'nonsense']) {
    const answer = await local.json('GET', '/api/auth/get-session', {
      headers: { authorization, cookie: tab.cookie() },
    });
    expect(answer.body).toBeNull();
  }
});

test('pages of other sites read no answer, unless they are named, and then without cookies', async () => {
  const ask = async (api: TestApi, origin: string, method = 'GET') => {
    const preflight = {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    };
    const headers = { origin, ...(method === 'OPTIONS' && preflight) };
    const answer = await api.call(method, '/v1/prices', { headers });
    return [...answer.headers].filter(([name]) => name.startsWith('access-control-')).map(([name]) => name);
  };
  for (const method of ['GET', 'OPTIONS']) {
    expect(await ask(local, PARTNER, method)).toEqual([]);
    expect(await ask(secure, 'https://evil.example', method)).toEqual([]);
    expect(await ask(secure, 'null', method)).toEqual([]);
    expect(await ask(secure, `${PARTNER}.evil.example`, method)).toEqual([]);
    expect(await ask(secure, PARTNER, method)).toContain('access-control-allow-origin');
    expect(await ask(secure, PARTNER, method)).not.toContain('access-control-allow-credentials');
  }
  const { personId } = await createPerson(database.pool);
  const token = await signIn(createTestAuth(database.pool), personId);
  const answer = await secure.call('GET', '/v1/me', { token, headers: { origin: PARTNER } });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, PARTNER]);
});

test.each(['/v1/me', '/problems/forbidden', '/api/auth/get-session', '/nothing', '/openapi.json'])(
  '%s says what a browser may do with it',
  async (path) => {
    const { headers } = await secure.call('GET', path, { headers: { accept: 'text/html' } });
    const policy = headers.get('content-security-policy') ?? '';
    for (const part of [
      "default-src 'self'",
      "script-src 'self';",
      "script-src-attr 'none'",
      "connect-src 'self';",
      "form-action 'self'",
      "object-src 'none'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]) {
      expect(policy).toContain(part);
    }
    expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline|\*/);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'strict-transport-security': 'max-age=63072000',
      'permissions-policy': expect.stringContaining('camera=()'),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers.get('x-powered-by')).toBeNull();
    expect((await local.call('GET', path)).headers.get('strict-transport-security')).toBeNull();
  },
);

test('metrics are read with their token, or on a machine that is its own deployment', async () => {
  expect((await local.call('GET', '/metrics')).status).toBe(200);
  for (const token of [undefined, 'x', `${SCRAPER}x`]) {
    expect((await secure.call('GET', '/metrics', { token })).status).toBe(401);
  }
  expect((await secure.call('GET', '/metrics', { token: SCRAPER })).status).toBe(200);
  const closed = await startTestApi(database, { environment: { COFFER_BASE_URL: PUBLIC } });
  try {
    expect((await closed.call('GET', '/metrics')).status).toBe(404);
  } finally {
    await closed.close();
  }
});
