// Rate limits: what others would abuse is counted for all processes together, and people are not in the way of it.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { authEndpoints } from '../api/auth-endpoints.ts';
import { networkOf } from '../api/caller-address.ts';
import { apiConfig } from '../api/config.ts';
import { rateLimits } from '../api/rate-limits.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createPerson, createTeam, createTestAuth, signIn } from './support/people.ts';
import { browser, linkIn, PASSWORD, personWithPassword, signInFrom, tokenIn } from './support/sign-in.ts';

const LIMITS = [
  'sign-in=3/900',
  'sign-in-of-email=6/900',
  'sign-in-of-address=12/900',
  'mails-to-email=2/900',
  'password-checks=3/900',
  'api-keys=3/900',
  'sign-up=3/900',
  'invitations-to-email=3/900',
].join();

let database: TestDatabase;
let first: TestApi;
let second: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = { COFFER_RATE_LIMITS: LIMITS, COFFER_TRUST_PROXY: 'loopback' };
  first = await startTestApi(database, { environment });
  second = await startTestApi(database, { environment });
});

afterAll(async () => {
  await Promise.all([first.close(), second.close()]);
  await database.drop();
});

const RATE_LIMITED = { status: 429, body: { type: '/problems/rate-limited', code: 'rate-limited' } };

function guess(api: TestApi, email: string, from: string, password = 'not the password') {
  const headers = { 'x-forwarded-for': from };
  return api.json('POST', '/api/auth/sign-in/email', { body: { email, password }, headers });
}

test('wrong passwords for one address from one place are counted over all processes, and the wait is told', async () => {
  const email = 'guessed@example.com';
  await personWithPassword(database.pool, email);
  const statuses = [];
  for (const api of [first, second, first]) statuses.push((await guess(api, email, '203.0.113.1')).status);
  expect(statuses).toEqual([401, 401, 401]);
  const refused = await guess(second, email, '203.0.113.1', PASSWORD);
  expect(refused).toMatchObject(RATE_LIMITED);
  const wait = Number(refused.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(900);
  // their own place is not in the way of it, and mail helps them wherever they are
  expect((await guess(first, email, '198.51.100.7', PASSWORD)).status).toBe(200);
  const helped = await first.call('POST', '/api/auth/request-password-reset', { body: { email } });
  expect(helped.status).toBe(200);
});

test('guesses that come at once are not more than guesses one after the other', async () => {
  const email = 'rushed@example.com';
  await personWithPassword(database.pool, email);
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => guess(index % 2 === 0 ? first : second, email, '203.0.113.2')),
  );
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(3);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(9);
});

test('one address is not guessed at from ever new places, known or not', async () => {
  for (const email of ['spread@example.com', 'not-there@example.com']) {
    if (email.startsWith('spread')) await personWithPassword(database.pool, email);
    const statuses = [];
    for (let place = 1; place <= 7; place += 1) {
      statuses.push((await guess(first, email, `198.51.100.${100 + place}`)).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429]);
  }
});

test('one place does not try one password on ever new addresses', async () => {
  const answers = [];
  for (let person = 1; person <= 13; person += 1) {
    answers.push((await guess(first, `person-${person}@example.com`, '203.0.113.77')).status);
  }
  expect(answers.slice(0, 12)).not.toContain(429);
  expect(answers[12]).toBe(429);
});

test('the right password costs nothing', async () => {
  const email = 'regular@example.com';
  await personWithPassword(database.pool, email);
  for (let i = 0; i < 8; i += 1)
    expect((await guess(first, email, '203.0.113.3', PASSWORD)).status).toBe(200);
});

test('when its time is over, a limit is as new', async () => {
  const email = 'patient@example.com';
  await personWithPassword(database.pool, email);
  for (let i = 0; i < 4; i += 1) await guess(first, email, '203.0.113.4');
  expect((await guess(first, email, '203.0.113.4', PASSWORD)).status).toBe(429);
  await database.pool.query('update rate_limits set expire = expire - 900000');
  expect((await guess(second, email, '203.0.113.4', PASSWORD)).status).toBe(200);
});

test('a mailbox gets few mails an hour, whoever asks for them, and a link in one still works', async () => {
  const email = 'flooded@example.com';
  await personWithPassword(database.pool, email);
  const ask = (api: TestApi, path: string, address: string) =>
    api.json('POST', `/api/auth/${path}`, { body: { email: address } });
  for (const address of [email, 'nobody-here@example.com']) {
    expect((await ask(first, 'request-password-reset', address)).status).toBe(200);
    expect((await ask(second, 'send-verification-email', address.toUpperCase())).status).toBe(200);
    expect(await ask(first, 'request-password-reset', address)).toMatchObject(RATE_LIMITED);
  }
  const token = tokenIn(await linkIn(database.pool, email, 'reset-password'));
  const body = { token, newPassword: 'entirely different words' };
  expect((await first.call('POST', '/api/auth/reset-password', { body })).status).toBe(200);
});

test('a session that was stolen does not find out the password', async () => {
  const email = 'stolen@example.com';
  await personWithPassword(database.pool, email);
  const tab = browser(second);
  await signInFrom(tab, email);
  const tries = ['/change-password', '/two-factor/enable', '/two-factor/disable'];
  const body = { currentPassword: 'guess one two', newPassword: 'entirely different words' };
  for (const path of tries) {
    const sent = path === '/change-password' ? body : { password: 'guess one two' };
    expect((await tab.post(`/api/auth${path}`, sent)).body.code).toBe('password-wrong');
  }
  expect(await tab.post('/api/auth/change-password', { ...body, currentPassword: PASSWORD })).toMatchObject(
    RATE_LIMITED,
  );
});

test('a place signs up so many people and no more', async () => {
  const signUp = (number: number) => {
    const body = { name: 'Somebody', email: `new-${number}@example.com`, password: PASSWORD };
    const headers = { 'x-forwarded-for': `2001:db8:1:2::${number}` };
    return first.json('POST', '/api/auth/sign-up/email', { body, headers });
  };
  for (let i = 1; i <= 3; i += 1) expect((await signUp(i)).status).toBe(200);
  // another address of the same network
  expect(await signUp(4)).toMatchObject(RATE_LIMITED);
});

test('a route counts the calls of each person, and only those that could have been done', async () => {
  const person = await createPerson(database.pool);
  const other = await createPerson(database.pool);
  const auth = createTestAuth(database.pool);
  const make = async ({ personId, accountId }: typeof person, api: TestApi, name: string) =>
    api.json('POST', `/v1/accounts/${accountId}/api-keys`, {
      token: await signIn(auth, personId),
      body: { name },
    });
  expect((await make(person, first, '')).status).toBe(400);
  for (const api of [first, second, first]) expect((await make(person, api, 'key')).status).toBe(201);
  const refused = await make(person, second, 'one too many');
  expect(refused).toMatchObject(RATE_LIMITED);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect((await make(other, first, 'key')).status).toBe(201);
  const { rows } = await database.pool.query('select from api_keys where account_id = $1', [
    person.accountId,
  ]);
  expect(rows).toHaveLength(3);
});

test('the document says of every route that counts that it may answer 429', async () => {
  const { paths } = (await first.json('GET', '/openapi.json')).body;
  for (const path of ['/v1/accounts/{accountId}/api-keys', '/v1/accounts/{accountId}/top-ups']) {
    expect(paths[path].post.responses['429'].description).toContain('rate-limited');
  }
});

test('docs/sign-in.md says what is served and how often', () => {
  const page = readFileSync(new URL('../docs/sign-in.md', import.meta.url), 'utf8').replaceAll(/ +/g, ' ');
  for (const [path, { method }] of Object.entries(authEndpoints)) {
    expect(page).toContain(`| \`${method} /api/auth${path}\` |`);
  }
  for (const [name, { times, seconds }] of Object.entries(rateLimits)) {
    expect(page).toContain(`| \`${name}\` | ${times} | ${seconds} s |`);
  }
});

test('one mailbox gets so many invitations, of however many organizations and however it is spelled', async () => {
  const { pool } = database;
  const auth = createTestAuth(pool);
  const owners = await Promise.all(
    [1, 2, 3].map(async () => {
      const { organizationId, owner } = await createTeam(pool);
      return {
        path: `/v1/organizations/${organizationId}/invitations`,
        token: await signIn(auth, owner.personId),
      };
    }),
  );
  const [one, other, third] = owners;
  const invite = (by: typeof one, email: string, api = first) =>
    api.json('POST', by?.path ?? '', { token: by?.token, body: { email } });
  const sent = await invite(one, 'stranger@example.com');
  expect(sent.status).toBe(201);
  // what is refused mails nothing, and is not counted
  expect((await invite(one, 'stranger@example.com')).status).toBe(409);
  expect((await invite(other, ' Stranger@Example.COM ', second)).status).toBe(201);
  const again = () => first.json('POST', `${one?.path}/${sent.body.id}/resend`, { token: one?.token });
  expect((await again()).status).toBe(200);
  expect(await again()).toMatchObject(RATE_LIMITED);
  expect(await invite(third, 'STRANGER@example.com')).toMatchObject(RATE_LIMITED);
  expect((await invite(third, 'another@example.com')).status).toBe(201);
  const { rows } = await pool.query(
    `select from notices n join auth.invitations i on i.id = n.invitation_id where i.email = 'stranger@example.com'`,
  );
  expect(rows).toHaveLength(3);
});

test('no address of a person stands among the counts', async () => {
  const { rows } = await database.pool.query('select key from rate_limits');
  expect(rows.length).toBeGreaterThan(5);
  for (const { key } of rows) expect(key).toMatch(/^[a-z-]+:[\w-]{22}$/);
});

test('a caller’s word about their address counts only behind a proxy that is named', async () => {
  const email = 'spoofed@example.com';
  const plain = await startTestApi(database, { environment: { COFFER_RATE_LIMITS: LIMITS } });
  try {
    const statuses = [];
    for (let i = 1; i <= 4; i += 1) statuses.push((await guess(plain, email, `192.0.2.${i}`)).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
  } finally {
    await plain.close();
  }
});

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:DB8:0:1:aaaa::1', '2001:db8:0:1::/64'],
  ['2001:db8:0:1:bbbb:1:2:3', '2001:db8:0:1::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['nonsense', 'unknown'],
  [undefined, 'unknown'],
])('%s is one caller with %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each([
  ['COFFER_RATE_LIMITS', 'sign-in=0/60'],
  ['COFFER_RATE_LIMITS', 'sign-in=1'],
  ['COFFER_RATE_LIMITS', 'no-such-limit=1/60'],
  ['COFFER_TRUST_PROXY', '1'],
  ['COFFER_TRUST_PROXY', 'true'],
  ['COFFER_TRUST_PROXY', '10.0.0.0/33'],
  ['COFFER_CORS_ORIGINS', '*'],
  ['COFFER_CORS_ORIGINS', 'https://app.example.com/'],
  ['COFFER_CORS_ORIGINS', 'app.example.com'],
  ['COFFER_METRICS_TOKEN', 'short'],
])('%s=%s does not start', (name, value) => {
  const given = {
    DATABASE_URL: 'postgres://x',
    STRIPE_SECRET_KEY: 'sk_test_x',
    STRIPE_WEBHOOK_SECRETS: 'whsec_x',
    COFFER_BASE_URL: 'https://credits.example.com',
    COFFER_AUTH_SECRET: 'x'.repeat(32),
  };
  expect(apiConfig(given).trustProxy).toEqual([]);
  expect(() => apiConfig({ ...given, [name]: value })).toThrow(new RegExp(`^${name} must `));
});
