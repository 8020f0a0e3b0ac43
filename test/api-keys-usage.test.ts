// API keys in use: whether usage counts and whose it is depends on when it occurred, in every process and however late it comes.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { withActing } from '../ledger/acting.ts';
import { holderAt } from '../ledger/intake/key-state.ts';
import { formatDollars, nanosFromString } from '../ledger/money.ts';
import { createSecret } from '../ledger/secrets.ts';
import { verify } from '../ledger/verify/verify.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createGatewayToken, createTeam, type TestOrganization } from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';
import { until } from './support/soak.ts';
import { expectedCost, priceTestModel, TEST_MODEL } from './support/traffic.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const START = new Date('2026-03-01T12:00:00Z');

let database: TestDatabase;
let api: PeopleApi;
let other: PeopleApi;
let gateway: string;
let now = START;

beforeAll(async () => {
  database = await createTestDatabase();
  await priceTestModel(database.pool);
  api = await startPeopleApi(database, () => now);
  other = await startPeopleApi(database, () => now);
  gateway = await createGatewayToken(database.pool);
});

afterAll(async () => {
  await other.close();
  await api.close();
  await database.drop();
});

/* How a key ended, by which name it is used, when the usage occurred after that end, and what becomes of it. */
const STATES = `
  never      id      -34d      recorded
  never      secret  0         recorded
  never      id      4m        recorded
  revoked    id      -34d      recorded
  revoked    id      -1ms      recorded
  revoked    id      0         recorded
  revoked    secret  5m        recorded
  revoked    id      5m1ms     api-key-revoked
  revoked    secret  5m1ms     api-key-revoked
  expired    id      0         recorded
  expired    secret  5m        recorded
  expired    id      5m1ms     api-key-expired
  removed    id      -34d      recorded
  removed    id      5m        recorded
  removed    secret  5m1ms     api-key-revoked
  rotated    secret  -34d      recorded
  rotated    secret  5m        recorded
  rotated    secret  5m1ms     api-key-revoked
  rotated    id      5m1ms     recorded
  rotated    new     5m1ms     recorded
  rotated    new     -34d      recorded
  grace      secret  0         recorded
  grace      secret  5m        recorded
  grace      secret  5m1ms     api-key-revoked
  grace      id      5m1ms     recorded
  mistyped   secret  0         api-key-unknown
  foreign    secret  0         api-key-unknown`;

test.each(
  STATES.trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/)),
)(
  'of a key that was %s, named by its %s, usage from %s after its end is %s',
  async (state = '', by, after = '', outcome) => {
    const team = await createTeam(database.pool, now);
    const key = await make(team);
    const end = await ending(state, team, key.id);
    now = new Date(end.at.getTime() + 10 * MINUTE_MS);
    const secrets: Record<string, string> = { mistyped: `${key.secret}x`, foreign: createSecret('test') };
    const name =
      by === 'id'
        ? { apiKeyId: key.id }
        : { apiKey: by === 'new' ? end.secret : (secrets[state] ?? key.secret) };
    const event = usage({ ...name, occurredAt: new Date(end.at.getTime() + msOf(after)).toISOString() });
    expect(await send(api, [event])).toEqual([outcome]);
    expect(await send(other, [event])).toEqual([outcome === 'recorded' ? 'duplicate' : outcome]);
    expect(await rejectedEvents()).not.toContain(key.secret.slice(-20));
  },
);

test('usage is its holder’s at the time it occurred, however late it arrives, and sent again it is a duplicate', async () => {
  const team = await createTeam(database.pool, now);
  const { member, owner, admin } = team;
  const { id } = await make(team);
  const at = (minutes: number) => new Date(handed.getTime() + minutes * MINUTE_MS).toISOString();
  const handed = new Date(now.getTime() + 10 * MINUTE_MS);
  const early = usage({ apiKeyId: id, occurredAt: at(-5) });
  now = new Date(handed.getTime() - MINUTE_MS);
  expect(await send(api, [early])).toEqual(['recorded']);
  now = handed;
  await handOver(team, id, owner.personId);
  const late = usage({ apiKeyId: id, occurredAt: new Date(handed.getTime() - 1).toISOString() });
  const onTime = usage({ apiKeyId: id, occurredAt: at(0) });
  now = new Date(at(20));
  await handOver(team, id, admin.personId);
  now = new Date(at(30));
  const last = usage({ apiKeyId: id, occurredAt: at(20) });
  // one flush, one key, three members
  await rested();
  expect(await send(api, [late, onTime, last])).toEqual(['recorded', 'recorded', 'recorded']);
  const all = [early, late, onTime, last];
  expect(await send(other, all)).toEqual(all.map(() => 'duplicate'));
  expect(await send(api, [{ ...late, occurredAt: at(1) }])).toEqual(['conflict']);
  expect(await membersOf(all)).toEqual([member.personId, member.personId, owner.personId, admin.personId]);
});

test('usage that waits for a price stays with whoever held the key when it occurred', async () => {
  const team = await createTeam(database.pool, now);
  const { id } = await make(team);
  const model = `unpriced-${uuidv7()}`;
  const event = usage({ apiKeyId: id, model, occurredAt: now.toISOString() });
  now = new Date(now.getTime() + MINUTE_MS);
  await handOver(team, id, team.owner.personId);
  await rested();
  await send(api, [event]);
  const { rows } = await database.pool.query('select member_id from unpriced_usage where id = $1', [
    event.id,
  ]);
  expect(rows).toEqual([{ member_id: team.member.personId }]);
});

test('a key that is handed over and back within one millisecond has holders in order', async () => {
  const team = await createTeam(database.pool, now);
  const { id } = await make(team);
  for (const to of [team.owner, team.member, team.admin]) await handOver(team, id, to.personId);
  const { rows } = await database.pool.query(
    'select member_id, since from api_key_holders where api_key_id = $1 order by since',
    [id],
  );
  expect(rows.map(({ member_id }) => member_id)).toEqual([
    team.member.personId,
    team.owner.personId,
    team.member.personId,
    team.admin.personId,
  ]);
  expect(rows.map(({ since }) => since.getTime() - now.getTime())).toEqual([0, 1, 2, 3]);
});

test('whoever held a key last before something occurred is who it belongs to', () => {
  const time = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(fc.uniqueArray(time, { minLength: 1, maxLength: 8 }), time, (times, occurred) => {
      const since = times.toSorted((a, b) => a - b);
      const holders = since.map((at) => ({ memberId: `from ${at}`, since: new Date(at) }));
      const before = since.filter((at) => at <= occurred);
      expect(holderAt({ holders }, new Date(occurred))).toBe(`from ${before.at(-1) ?? since[0]}`);
    }),
  );
});

test('last use and this month’s spend stand beside the key: by occurrence the one, by recording the other', async () => {
  now = new Date('2026-03-31T23:58:00Z');
  const team = await createTeam(database.pool, now);
  const key = await make(team);
  const first = usage({ apiKeyId: key.id, occurredAt: '2026-03-31T23:55:00Z' });
  const earlier = usage({ apiKeyId: key.id, occurredAt: '2026-03-20T00:00:00Z', inputTokens: 777 });
  await send(api, [first]);
  await send(api, [earlier]);
  expect(await read(team, key.id)).toMatchObject({
    lastUsedAt: '2026-03-31T23:55:00.000Z',
    spentThisMonth: dollars(first, earlier),
  });
  now = new Date('2026-04-01T00:00:00Z');
  expect((await read(team, key.id)).spentThisMonth).toBe('0.00');
  const late = usage({ apiKeyId: key.id, occurredAt: '2026-03-31T10:00:00Z', inputTokens: 55_555 });
  await send(api, [late]);
  expect(await read(team, key.id)).toMatchObject({
    lastUsedAt: '2026-03-31T23:55:00.000Z',
    spentThisMonth: dollars(late),
  });
});

test.each([
  ['its announcement is heard', false],
  ['no announcement gets through', true],
])('a revocation is honoured within a second in every process, also when %s', async (_what, cut) => {
  const team = await createTeam(database.pool, now);
  const key = await make(team);
  for (const process of [api, other]) {
    expect(await send(process, [usage({ apiKeyId: key.id }), usage({ apiKey: key.secret })])).toEqual([
      'recorded',
      'recorded',
    ]);
  }
  const deaf = cut ? deafen() : undefined;
  try {
    const path = `/v1/accounts/${team.accountId}/api-keys/${key.id}`;
    expect((await api.call('DELETE', path, { as: team.owner.personId })).status).toBe(200);
    const before = now.toISOString();
    now = new Date(now.getTime() + 10 * MINUTE_MS);
    await sleep(1_000);
    for (const process of [api, other]) {
      const events = [
        usage({ apiKeyId: key.id }),
        usage({ apiKey: key.secret }),
        usage({ apiKeyId: key.id, occurredAt: before }),
      ];
      expect(await send(process, events)).toEqual(['api-key-revoked', 'api-key-revoked', 'recorded']);
    }
  } finally {
    await deaf?.end();
  }
});

test('after all that, the books are exact', async () => {
  const { checks } = await verify(database.pool, { now });
  const broken = checks.filter(({ ok, guarantee }) => !ok && guarantee !== 'ages');
  expect(broken.map(({ guarantee, firstOffender }) => `${guarantee}: ${firstOffender}`)).toEqual([]);
});

interface MadeKey {
  readonly id: string;
  readonly secret: string;
}

async function make(team: TestOrganization): Promise<MadeKey> {
  const path = `/v1/accounts/${team.accountId}/api-keys`;
  const made = await api.call('POST', path, { as: team.member.personId, body: { name: 'in use' } });
  return { id: made.body.id, secret: made.body.secret };
}

/** Ends a key, or its secret, in one of the ways there are; `secret` is the one that replaced it. */
async function ending(
  state: string,
  team: TestOrganization,
  id: string,
): Promise<{ at: Date; secret?: string }> {
  const path = `/v1/accounts/${team.accountId}/api-keys/${id}`;
  const as = team.owner.personId;
  const in1Hour = new Date(now.getTime() + 3_600_000);
  switch (state) {
    case 'revoked':
      await api.call('DELETE', path, { as });
      return { at: now };
    case 'expired':
      await api.call('PATCH', path, { as, body: { expiresAt: in1Hour.toISOString() } });
      return { at: in1Hour };
    case 'removed':
      await withActing(database.pool, { kind: 'person', id: as }, now, (connection) =>
        connection.query('delete from auth.members where person_id = $1', [team.member.personId]),
      );
      return { at: now };
    case 'rotated': {
      const { body } = await api.call('POST', `${path}/rotate`, { as, body: { graceSeconds: 0 } });
      return { at: now, secret: body.secret };
    }
    case 'grace': {
      const { body } = await api.call('POST', `${path}/rotate`, { as, body: { graceSeconds: 3_600 } });
      return { at: in1Hour, secret: body.secret };
    }
    default:
      return { at: now };
  }
}

async function handOver(team: TestOrganization, id: string, memberId: string): Promise<void> {
  const path = `/v1/accounts/${team.accountId}/api-keys/${id}/hand-over`;
  const answer = await api.call('POST', path, { as: team.owner.personId, body: { memberId } });
  expect(answer).toMatchObject({ status: 200, body: { id, member: { id: memberId } } });
}

async function read(team: TestOrganization, id: string) {
  const path = `/v1/accounts/${team.accountId}/api-keys/${id}`;
  return (await api.call('GET', path, { as: team.owner.personId })).body;
}

interface Usage {
  readonly id: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly occurredAt: string;
}

function usage(more: object): Usage {
  const occurredAt = now.toISOString();
  return { id: uuidv7(), model: TEST_MODEL, inputTokens: 1_234, outputTokens: 56, occurredAt, ...more };
}

/** What became of each event: its status, or the code of its problem. */
async function send(process: PeopleApi, events: readonly object[]): Promise<string[]> {
  const { body } = await process.call('POST', '/v1/usage', { as: gateway, body: events });
  return body.results.map(
    ({ status, problem }: { status: string; problem?: { code: string } }) =>
      (status === 'rejected' ? problem?.code : undefined) ?? status,
  );
}

/** Long enough for every process to know what changed. */
function rested(): Promise<void> {
  return sleep(1_000);
}

async function membersOf(events: readonly Usage[]): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string; member_id: string }>(
    'select id, member_id from usage_events where id = any ($1)',
    [events.map(({ id }) => id)],
  );
  const members = new Map(rows.map(({ id, member_id }) => [id, member_id]));
  return events.map(({ id }) => members.get(id) ?? 'nobody');
}

function dollars(...events: readonly Usage[]): string {
  const cost = events.reduce((sum, event) => sum + expectedCost({ ...event, apiKeyId: '' }), 0n);
  return formatDollars(nanosFromString(cost.toString()));
}

async function rejectedEvents(): Promise<string> {
  const { rows } = await database.pool.query('select event from rejected_usage');
  return JSON.stringify(rows);
}

/** Cuts every connection that listens, again and again, until `end`. */
function deafen(): { end(): Promise<void> } {
  let over = false;
  const cutting = (async () => {
    while (!over) {
      await database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'coffer listener' and datname = current_database()`,
      );
      await sleep(50);
    }
  })();
  return {
    async end() {
      over = true;
      await cutting;
      await until('the listeners to be back', async () => {
        const { rows } = await database.pool.query(
          `select from pg_stat_activity where application_name = 'coffer listener' and datname = current_database()`,
        );
        return rows.length === 2;
      });
    },
  };
}

function msOf(text: string): number {
  const [, sign, days, minutes, ms] = /^(-?)(?:(\d+)d)?(?:(\d+)m(?!s))?(?:(\d+)(?:ms)?)?$/.exec(text) ?? [];
  const size = Number(days ?? 0) * DAY_MS + Number(minutes ?? 0) * MINUTE_MS + Number(ms ?? 0);
  return sign === '-' ? -size : size;
}
