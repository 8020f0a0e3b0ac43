// What sign-in makes of bad input: a problem that says what to do, never a 5xx, and nothing changed.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { authEndpoints } from '../api/auth-endpoints.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createPerson, createTestAuth, signIn, type TestPerson } from './support/people.ts';
import { rollDice, rounds } from './support/soak.ts';

let database: TestDatabase;
let api: TestApi;
let person: TestPerson;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const many = Object.keys({ 'sign-in': 0, 'sign-in-of-email': 0, 'sign-in-of-address': 0, 'sign-up': 0 })
    .concat('two-factor', 'password-checks', 'mails-to-email', 'mails-from-address')
    .map((name) => `${name}=100000/60`);
  api = await startTestApi(database, { environment: { COFFER_RATE_LIMITS: many.join() } });
  person = await createPerson(database.pool);
  token = await signIn(createTestAuth(database.pool), person.personId);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const paths = Object.entries(authEndpoints).map(([path, { method }]) => ({
  path: `/api/auth${path}`,
  method,
}));

/** Everything that sign-in keeps, but for when a session was last used. */
async function state(): Promise<unknown> {
  const { rows } = await database.pool.query(
    `select (select jsonb_agg(p order by p.id) from auth.people p) as people,
       (select jsonb_agg(c order by c.id) from auth.credentials c) as credentials,
       (select jsonb_agg(to_jsonb(s) - 'last_seen_at' order by s.id) from auth.sessions s) as sessions,
       (select count(*)::int4 from notices) as notices, (select count(*)::int4 from auth.organizations) as organizations`,
  );
  return rows[0];
}

/** A call that must be refused as the caller's fault. */
async function refused(
  method: string,
  path: string,
  options: Parameters<TestApi['call']>[2],
  statuses = [400, 401, 404, 405, 413, 415],
): Promise<string> {
  const answer = await api.call(method, path, options);
  const text = await answer.text();
  expect([path, answer.status, text.slice(0, 300)]).toEqual([
    path,
    statuses.find((status) => status === answer.status),
    text.slice(0, 300),
  ]);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  const { code, type, status } = JSON.parse(text);
  expect({ type, status }).toEqual({ type: `/problems/${code}`, status: answer.status });
  return code;
}

test('bodies that are no object of the right fields are refused by every endpoint', async () => {
  const before = await state();
  const long = 'x'.repeat(20_000);
  const bodies = [
    '{"email":',
    '[]',
    'null',
    '"text"',
    '1',
    '{"__proto__":{"email":"a@example.com"},"constructor":1}',
    JSON.stringify({ email: { $ne: null }, password: { $gt: '' } }),
    JSON.stringify({
      email: ['a@example.com'],
      password: ['x'],
      name: [],
      token: {},
      code: 1,
      newPassword: 1,
    }),
    JSON.stringify({ email: `${long}@example.com`, password: long, name: long, token: long, code: long }),
    JSON.stringify({
      email: 'a\u0000@example.com',
      password: 'p\u0000assword',
      name: 'n\u0000',
      code: '\u0000',
    }),
    '{"email":"a@example.com","password":"\\ud800 half a character","name":"\\udfff"}',
    JSON.stringify({ email: 'a@example.com', password: 'correct horse', name: 'A', isAdmin: true }),
    JSON.stringify({ email: 'a@example.com', password: 'correct horse', name: 'A', emailVerified: true }),
    JSON.stringify({ name: 'A', email: 'other@example.com', twoFactorEnabled: false }),
    JSON.stringify({ organizationId: 'abc' }),
    JSON.stringify({ organizationId: "' or true --" }),
  ];
  for (const { path, method } of paths) {
    if (method === 'GET') continue;
    for (const body of bodies) {
      await refused('POST', path, { body, token });
      await refused('POST', path, { body });
    }
  }
  expect(await state()).toEqual(before);
});

test('a content type, a method, a query or an encoding that is not served is refused by every endpoint', async () => {
  const before = await state();
  const body = JSON.stringify({ email: person.email, password: 'correct horse' });
  for (const { path, method } of paths) {
    if (method === 'POST') {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'x'])
        expect(await refused('POST', path, { body, headers: { 'content-type': type } })).toBe(
          'content-type-unsupported',
        );
      const headers = { 'content-encoding': 'gzip' };
      expect(await refused('POST', path, { body, headers })).toBe('content-type-unsupported');
      expect(await refused('POST', `${path}?email=a@example.com`, { body })).toBe('request-invalid');
      expect(await refused('POST', path, { body: `{"x":"${'x'.repeat(70_000)}"}` })).toBe('body-too-large');
    } else {
      expect(await refused('GET', `${path}?unknown=1`, {})).toBe('request-invalid');
      expect(await refused('GET', `${path}?token[a]=1&token=%00&token=2`, {})).toBe('request-invalid');
    }
    for (const other of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => one !== method))
      expect(await refused(other, path, { token })).toBe('method-not-allowed');
  }
  expect(await state()).toEqual(before);
});

test.each([
  '/list-sessions',
  '/revoke-session',
  '/delete-user',
  '/sign-in/social',
  '/callback/github',
  '/reset-password/abc?callbackURL=/',
  '/two-factor/send-otp',
  '/two-factor/verify-otp',
  '/set-password',
  '/verify-password',
  '/update-session',
  '/error?error=<script>',
  '/organization/get-full-organization',
  '/organization/invite-member',
  '/sign-in/email/',
  '//sign-in/email',
  '/SIGN-IN/EMAIL',
  '/sign-in%2femail',
  '/../v1/me',
  '/constructor',
  '/',
])('%s of the sign-in library is not served', async (path) => {
  for (const method of ['GET', 'POST']) {
    const body = method === 'POST' ? {} : undefined;
    await refused(method, `/api/auth${path}`, { token, body }, [400, 404, 405]);
  }
});

test('whatever else comes is answered without a fault of ours', async () => {
  const before = await state();
  const fields = [
    'email',
    'password',
    'name',
    'token',
    'newPassword',
    'currentPassword',
    'code',
    'callbackURL',
    'newEmail',
  ];
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.emailAddress(),
    fc.constant(person.email),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const call = fc.record({
    where: fc.constantFrom(...paths),
    body: fc.oneof(fc.dictionary(fc.constantFrom(...fields), value), fc.jsonValue({ maxDepth: 2 })),
    signedIn: fc.boolean(),
    query: fc.dictionary(
      fc.constantFrom('token', 'callbackURL', 'disableRefresh', 'x'),
      fc.string({ unit: 'binary' }),
    ),
  });
  const property = fc.asyncProperty(call, async ({ where: { path, method }, body, signedIn, query }) => {
    if (path.endsWith('/sign-out') || path.endsWith('/sign-up/email')) return;
    const search = new URLSearchParams(query).toString();
    const answer = await api.call(method, method === 'GET' ? `${path}?${search}` : path, {
      token: signedIn ? token : undefined,
      body: method === 'POST' ? body : undefined,
    });
    expect(answer.status).toBeLessThan(500);
    if (answer.status >= 400)
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
  await fc.assert(property, { numRuns: rounds(60), seed: rollDice('bad input to sign-in').seed });
  const after = await state();
  expect(after).toMatchObject({ organizations: 0 });
  expect(Object(after).credentials).toEqual(Object(before).credentials);
});

test('who is not signed in is told how to', async () => {
  for (const path of ['/change-password', '/change-email', '/update-user', '/two-factor/enable']) {
    const body = {
      '/change-password': { currentPassword: 'not known', newPassword: 'entirely different' },
      '/change-email': { newEmail: 'new@example.com' },
      '/update-user': { name: 'New' },
      '/two-factor/enable': { password: 'not known' },
    }[path];
    const answer = await api.json('POST', `/api/auth${path}`, { body });
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  }
  const page = await api.call('GET', '/problems/unauthenticated', { headers: { accept: 'text/markdown' } });
  expect(await page.text()).toContain('POST /api/auth/sign-in/email');
});
