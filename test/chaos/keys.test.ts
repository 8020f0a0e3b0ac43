// Keys that end, rotate and change hands at random moments while two processes record their usage.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { handOverApiKey, revokeApiKey, rotateApiKey } from '../../ledger/api-keys.ts';
import { verify } from '../../ledger/verify/verify.ts';
import { startTestApi, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createGatewayToken, createKey, createTeam, type TestOrganization } from '../support/people.ts';
import { type Dice, rollDice, rounds, timeLimitMs } from '../support/soak.ts';
import { expectedCost, priceTestModel, TEST_MODEL } from '../support/traffic.ts';

const FEW = 4;
const TOLERANCE_MS = 5 * 60_000;
/** How long a process may not know what was committed. */
const KNOWN_MS = 1_000;
const LANES = 3;

const dice = rollDice('keys');
let database: TestDatabase;
let apis: TestApi[];
let gateway: string;

beforeAll(async () => {
  database = await createTestDatabase();
  await priceTestModel(database.pool);
  gateway = await createGatewayToken(database.pool);
  apis = [await startTestApi(database), await startTestApi(database)];
});

afterAll(async () => {
  for (const api of apis) await api.close();
  await database.drop();
});

interface SentEvent {
  readonly id: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly occurredAt: string;
  readonly apiKeyId?: string;
  readonly apiKey?: string;
}

interface Outcome {
  readonly event: SentEvent;
  readonly sentAtMs: number;
  readonly said: string;
}

const endings = ['revoked', 'removed', 'rotated', 'handed over'] as const;
type Ending = (typeof endings)[number];

test(
  'usage that occurred before a key ended or changed hands is recorded as it was then, usage after it as it is then, and nothing half',
  async () => {
    for (let round = 0; round < rounds(FEW); round += 1) {
      const ending = endings[round % endings.length] ?? 'revoked';
      await race(ending, dice);
    }
    const { checks } = await verify(database.pool, { now: new Date() });
    expect(
      checks.flatMap(({ ok, guarantee, firstOffender }) => (ok ? [] : `${guarantee}: ${firstOffender}`)),
    ).toEqual([]);
  },
  timeLimitMs(FEW),
);

async function race(ending: Ending, dice: Dice): Promise<void> {
  const team = await createTeam(database.pool);
  const { apiKeyId, secret } = await createKey(database.pool, {
    accountId: team.accountId,
    memberId: team.member.personId,
  });
  const outcomes: Outcome[] = [];
  let over = false;
  const lane = async (api: TestApi | undefined): Promise<void> => {
    while (!over) {
      const events = Array.from({ length: dice.between(1, 5) }, () =>
        eventOf(dice, ending, apiKeyId, secret),
      );
      const sentAtMs = Date.now();
      const said = await send(api, events);
      outcomes.push(...events.map((event, index) => ({ event, sentAtMs, said: said[index] ?? 'lost' })));
      await sleep(dice.between(0, 20));
    }
  };
  const lanes = apis.flatMap((api) => Array.from({ length: LANES }, () => lane(api)));
  await sleep(dice.between(50, 800));
  const at = await end(ending, team, apiKeyId);
  const committedAtMs = Date.now();
  await sleep(KNOWN_MS + dice.between(100, 500));
  over = true;
  await Promise.all(lanes);

  const stored = await membersOf(outcomes);
  for (const { event, sentAtMs, said } of outcomes) {
    const occurredMs = Date.parse(event.occurredAt);
    const known = sentAtMs >= committedAtMs + KNOWN_MS;
    // answered and stored are the same thing
    expect({ ...event, said, stored: stored.has(event.id) }).toMatchObject({ stored: said === 'recorded' });
    if (ending === 'handed over') {
      const { member, owner } = team;
      expect(said).toBe('recorded');
      if (occurredMs < at.getTime()) expect(stored.get(event.id)).toBe(member.personId);
      else if (known) expect(stored.get(event.id)).toBe(owner.personId);
    } else if (occurredMs <= at.getTime() + TOLERANCE_MS) {
      expect({ event, said }).toMatchObject({ said: 'recorded' });
    } else if (known) {
      expect({ event, said }).toMatchObject({ said: 'api-key-revoked' });
    }
  }
  await expectSameAgain(outcomes, at, ending);
  await expectExact(team, outcomes);
}

/** Sent again, everything that was recorded in time is a duplicate; what was rejected stays so. */
async function expectSameAgain(outcomes: readonly Outcome[], at: Date, ending: Ending): Promise<void> {
  for (let from = 0; from < outcomes.length; from += 500) {
    const some = outcomes.slice(from, from + 500);
    const again = await send(
      dice.pick(apis),
      some.map(({ event }) => event),
    );
    some.forEach(({ event, said }, index) => {
      const inTime = ending === 'handed over' || Date.parse(event.occurredAt) <= at.getTime() + TOLERANCE_MS;
      expect({ event, said, again: again[index] }).toMatchObject({
        again: inTime ? 'duplicate' : 'api-key-revoked',
      });
    });
  }
}

async function expectExact(team: TestOrganization, outcomes: readonly Outcome[]): Promise<void> {
  const recorded = outcomes.filter(({ said }) => said === 'recorded');
  const cost = recorded.reduce((sum, { event }) => sum + expectedCost({ ...event, apiKeyId: '' }), 0n);
  const { rows } = await database.pool.query<{ balance: string; events: string }>(
    `select (posted + pending)::text as balance,
       (select count(*) from usage_events e where e.account_id = b.account_id)::text as events
     from account_balances b where account_id = $1`,
    [team.accountId],
  );
  expect(rows).toEqual([{ balance: (-cost).toString(), events: String(recorded.length) }]);
}

/** An event around the moment up to which usage counts: five minutes ahead of now, or a while before. */
function eventOf(dice: Dice, ending: Ending, apiKeyId: string, apiKey: string): SentEvent {
  const ahead = dice.pick([0, TOLERANCE_MS - 50]);
  return {
    id: uuidv7(),
    model: TEST_MODEL,
    inputTokens: dice.between(1, 5_000),
    outputTokens: dice.between(0, 500),
    occurredAt: new Date(Date.now() + ahead - dice.between(0, 600)).toISOString(),
    // a rotation ends secrets, never the key
    ...(ending === 'rotated' || dice.between(0, 1) === 0 ? { apiKey } : { apiKeyId }),
  };
}

/** Ends the key, or its secret, or hands it over, and says from when on. */
async function end(ending: Ending, team: TestOrganization, id: string): Promise<Date> {
  const { pool } = database;
  const now = new Date();
  const key = {
    id,
    accountId: team.accountId,
    actor: { kind: 'person', id: team.owner.personId },
    now,
  } as const;
  switch (ending) {
    case 'revoked':
      await revokeApiKey(pool, { ...key, memberId: undefined });
      return now;
    case 'removed': {
      await pool.query('delete from auth.members where person_id = $1', [team.member.personId]);
      const { rows } = await pool.query<{ revoked_at: Date }>(
        'select revoked_at from api_keys where id = $1',
        [id],
      );
      if (rows[0] === undefined) throw new Error('the key is gone');
      return rows[0].revoked_at;
    }
    case 'rotated':
      await rotateApiKey(pool, { ...key, memberId: undefined, graceMs: 0, live: false });
      return now;
    case 'handed over':
      await handOverApiKey(pool, { ...key, to: team.owner.personId });
      return now;
    default:
      return ending satisfies never;
  }
}

/** What became of each event: its status, or the code of its problem. */
async function send(api: TestApi | undefined, events: readonly SentEvent[]): Promise<string[]> {
  if (api === undefined) throw new Error('no API runs');
  const { status, body } = await api.json('POST', '/v1/usage', { token: gateway, body: events });
  expect(status).toBe(200);
  return body.results.map(
    ({ status, problem }: { status: string; problem?: { code: string } }) =>
      (status === 'rejected' ? problem?.code : undefined) ?? status,
  );
}

async function membersOf(outcomes: readonly Outcome[]): Promise<Map<string, string>> {
  const { rows } = await database.pool.query<{ id: string; member_id: string }>(
    'select id, member_id from usage_events where id = any ($1)',
    [outcomes.map(({ event }) => event.id)],
  );
  return new Map(rows.map(({ id, member_id }) => [id, member_id]));
}
