// Sessions: everybody sees and ends their own, and what ends, ends for streams too.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { Auth } from '../api/auth.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import {
  createGatewayToken,
  createKey,
  createOperatorToken,
  createPerson,
  createTeam,
  createTestAuth,
  signIn,
  type TestOrganization,
} from './support/people.ts';
import { createPrice, sendUsage } from './support/reading-usage.ts';
import { browser, personWithPassword, signInFrom } from './support/sign-in.ts';

let database: TestDatabase;
let api: TestApi;
let auth: Auth;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  auth = createTestAuth(database.pool);
  await createPrice(database.pool, 'swift');
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

test('a person sees their sessions, with device, address and last use, and never a token', async () => {
  const { personId } = await createPerson(database.pool);
  const token = await signIn(auth, personId);
  const other = await signIn(auth, personId);
  await database.pool.query(
    `update auth.sessions set created_at = now() - interval '1 hour', ip_address = '203.0.113.9',
       user_agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
     where token = $1`,
    [token.split('.')[0]],
  );
  await signIn(auth, (await createPerson(database.pool)).personId);
  const answer = await api.json('GET', '/v1/me/sessions', { token });
  expect(answer.body).toEqual({
    items: expect.arrayContaining([
      expect.objectContaining({ device: 'Firefox on Linux', address: '203.0.113.9', isCurrent: true }),
      expect.objectContaining({ device: 'unknown', address: null, isCurrent: false }),
    ]),
    nextCursor: null,
  });
  expect(answer.body.items).toHaveLength(2);
  const current = answer.body.items.find((one: { isCurrent: boolean }) => one.isCurrent);
  expect(Date.parse(current.lastSeenAt)).toBeGreaterThan(Date.parse(current.createdAt));
  const { rows } = await database.pool.query('select token from auth.sessions');
  for (const { token: kept } of rows) expect(JSON.stringify(answer.body)).not.toContain(kept);
  expect((await api.call('GET', '/v1/me', { token: current.id })).status).toBe(401);
  expect((await api.call('GET', '/v1/me', { token: other })).status).toBe(200);
});

test('a person signs out one session, all others, or everywhere, and nobody else’s', async () => {
  const { personId } = await createPerson(database.pool);
  const [token = '', second = '', third = '', fourth = ''] = await Promise.all(
    [1, 2, 3, 4].map(() => signIn(auth, personId)),
  );
  const stranger = await signIn(auth, (await createPerson(database.pool)).personId);
  const status = async (of: string) => (await api.call('GET', '/v1/me', { token: of })).status;
  const idOf = async (of: string) =>
    (await api.json('GET', '/v1/me/sessions', { token: of })).body.items.find(
      (one: { isCurrent: boolean }) => one.isCurrent,
    ).id;
  const end = (path: string, as = token) => api.call('DELETE', `/v1/me/sessions${path}`, { token: as });

  for (const id of [await idOf(stranger), uuidv7(), 'x']) expect((await end(`/${id}`)).status).toBe(404);
  expect(await status(stranger)).toBe(200);
  expect((await end(`/${await idOf(second)}`)).status).toBe(204);
  expect([await status(token), await status(second), await status(third)]).toEqual([200, 401, 200]);
  const others = await end('?keepCurrent=true');
  expect(await others.json()).toEqual({ ended: 2 });
  expect([await status(token), await status(third), await status(fourth)]).toEqual([200, 401, 401]);
  await signIn(auth, personId);
  expect(await (await end('')).json()).toEqual({ ended: 2 });
  expect(await status(token)).toBe(401);
  expect(await status(stranger)).toBe(200);
});

test('signing out ends the session at once, in every process', async () => {
  const email = 'outgoing@example.com';
  await personWithPassword(database.pool, email);
  const second = await startTestApi(database);
  try {
    const tab = browser(api);
    await signInFrom(tab, email);
    const cookie = tab.cookie();
    expect((await second.call('GET', '/v1/me', { headers: { cookie } })).status).toBe(200);
    expect((await tab.post('/api/auth/sign-out')).status).toBe(200);
    expect((await second.call('GET', '/v1/me', { headers: { cookie } })).status).toBe(401);
  } finally {
    await second.close();
  }
});

type End = (team: TestOrganization, token: string) => Promise<unknown>;

test.each<[string, End]>([
  ['whose session ended', (_team, token) => api.call('DELETE', '/v1/me/sessions', { token })],
  ['who signed out', (_team, token) => api.call('POST', '/api/auth/sign-out', { token, body: {} })],
  [
    'who was removed',
    ({ member }) => database.pool.query('delete from auth.members where person_id = $1', [member.personId]),
  ],
  [
    'whose session expired',
    ({ member }) =>
      database.pool.query('update auth.sessions set expires_at = now() where person_id = $1', [
        member.personId,
      ]),
  ],
])('a member %s hears nothing more than a second later, and reads nothing at once', async (_who, end) => {
  const team = await createTeam(database.pool);
  const token = await signIn(auth, team.member.personId);
  const stream = await listen(team.accountId, token);
  await use(team);
  await stream.hears('balance');
  await end(team, token);
  const { status } = await api.call('GET', `/v1/accounts/${team.accountId}`, { token });
  expect([401, 404]).toContain(status);
  await sleep(1_000);
  stream.forget();
  await use(team);
  await stream.ended();
  expect(stream.heard()).toBe('');
});

test('a stream of a program ends with its token', async () => {
  const team = await createTeam(database.pool);
  const stream = await listen(team.accountId, await createOperatorToken(database.pool));
  await stream.hears('balance');
  await database.pool.query(`update service_tokens set revoked_at = now() where kind = 'operator'`);
  await stream.ended();
});

async function use({ accountId, owner }: TestOrganization): Promise<void> {
  const apiKeyId = (await createKey(database.pool, { accountId, memberId: owner.personId })).apiKeyId;
  const occurredAt = new Date().toISOString();
  await sendUsage(api, await createGatewayToken(database.pool), [
    { id: uuidv7(), apiKeyId, model: 'swift', inputTokens: 500_000, occurredAt },
  ]);
}

/** Listens to an account's events. */
async function listen(accountId: string, token: string) {
  const answer = await api.call('GET', `/v1/accounts/${accountId}/events`, { token });
  expect(answer.status).toBe(200);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) throw new Error('the answer has no body');
  let text = '';
  let over = false;
  const reading = (async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
    over = true;
  })();
  return {
    async hears(event: string) {
      while (!text.includes(`event: ${event}`)) {
        if (over) throw new Error(`the stream ended before ${event}`);
        await sleep(20);
      }
    },
    forget() {
      text = '';
    },
    heard: () => text,
    ended: () => reading,
  };
}
