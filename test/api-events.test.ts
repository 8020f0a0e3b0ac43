// Live events over HTTP: who watches an account hears of its balance, entries and top-ups, and no longer than allowed.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import {
  createGatewayToken,
  createKey,
  createTeam,
  createTestAuth,
  signIn,
  type TestOrganization,
} from './support/people.ts';
import { createPrice, post, sendUsage } from './support/reading-usage.ts';

let database: TestDatabase;
let api: TestApi;
let team: TestOrganization;
let gateway: string;
let memberToken: string;
let key: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const { pool } = database;
  api = await startTestApi(database);
  team = await createTeam(pool);
  memberToken = await signIn(createTestAuth(pool), team.member.personId);
  const { accountId, owner } = team;
  key = (await createKey(pool, { accountId, memberId: owner.personId })).apiKeyId;
  gateway = await createGatewayToken(pool);
  await createPrice(pool, 'swift');
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

interface Heard {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** Opens a stream; `next` waits for an event of a name, `ended` for its end. */
async function watch(token: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await api.call('GET', `/v1/accounts/${team.accountId}/events`, { token, headers });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) throw new Error('the answer has no body');
  const heard: Heard[] = [];
  let text = '';
  const more = async () => {
    const { value, done } = await reader.read();
    const parts = (text + (value ?? '')).split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const fields = new Map(
        part.split('\n').map((line) => [line.split(': ', 1)[0], line.replace(/^\w+: /, '')]),
      );
      const event = fields.get('event');
      if (event !== undefined)
        heard.push({ event, id: fields.get('id'), data: JSON.parse(fields.get('data') ?? '') });
    }
    return !done;
  };
  return {
    async next(event: string): Promise<Heard> {
      for (;;) {
        const index = heard.findIndex((one) => one.event === event);
        const [found] = index < 0 ? [] : heard.splice(index, 1);
        if (found !== undefined) return found;
        if (!(await more())) throw new Error(`the stream ended before ${event}`);
      }
    },
    async ended(): Promise<void> {
      while (await more());
    },
    close: () => reader.cancel(),
  };
}

const use = () =>
  sendUsage(api, gateway, [
    {
      id: uuidv7(),
      apiKeyId: key,
      model: 'swift',
      inputTokens: 500_000,
      occurredAt: new Date().toISOString(),
    },
  ]);

test('a member hears the balance at once, then usage, entries and top-ups as they come', async () => {
  const stream = await watch(memberToken);
  expect((await stream.next('balance')).data).toMatchObject({
    id: team.accountId,
    balance: '0.00',
    state: 'ok',
  });
  await use();
  expect((await stream.next('balance')).data).toMatchObject({
    balance: '-1.00',
    pending: '-1.00',
    state: 'overdrawn',
  });
  await post(database.pool, team.accountId);
  const entry = await stream.next('entry');
  expect(entry).toMatchObject({ id: '1', data: { seq: 1, type: 'usage', amount: '-1.00', eventCount: 1 } });
  expect(await stream.next('balance')).toMatchObject({ id: '1', data: { posted: '-1.00', pending: '0.00' } });

  const topUpId = uuidv7();
  await database.pool.query(
    `insert into top_ups (id, account_id, mode, payer_id, amount, currency, expires_at, created_at, next_check_at)
     values ($1, $2, 'manual', $3, 25000000000, 'usd', now() + interval '1 day', now(), now() + interval '1 day')`,
    [topUpId, team.accountId, team.admin.personId],
  );
  expect((await stream.next('top-up')).data).toEqual({
    id: topUpId,
    mode: 'manual',
    state: 'open',
    amount: '25.00',
    payer: { id: team.admin.personId, name: 'Ada Admin' },
  });
  await database.pool.query(`select close_top_up($1, 'expired', now())`, [topUpId]);
  expect((await stream.next('top-up')).data).toMatchObject({ id: topUpId, state: 'not-completed' });
  await stream.close();
});

test('a stream that comes back with Last-Event-ID misses no entry', async () => {
  await use();
  await post(database.pool, team.accountId);
  const stream = await watch(memberToken, { 'last-event-id': '0' });
  expect([(await stream.next('entry')).id, (await stream.next('entry')).id]).toEqual(['1', '2']);
  await stream.close();
});

test('a HEAD of the stream is answered and over: it holds no place', async () => {
  const path = `/v1/accounts/${team.accountId}/events`;
  const answer = await api.call('HEAD', path, { token: memberToken });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('text/event-stream'),
  ]);
});

test('the stream of a member who is removed ends', async () => {
  const stream = await watch(memberToken);
  await stream.next('balance');
  await database.pool.query('delete from auth.members where person_id = $1', [team.member.personId]);
  await stream.ended();
});
