// CSV streams: whoever loses the right to what is being sent gets no more of it, and nothing that looks whole.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Auth } from '../api/auth.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createKey, createOrganizationToken, createTeam, createTestAuth, signIn } from './support/people.ts';

/** Some 15 MB of CSV: more than connections take before anybody reads. */
const LINES = 40_000;

let database: TestDatabase;
let api: TestApi;
let auth: Auth;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  auth = createTestAuth(database.pool);
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

/** A team with a long history of its member. */
async function longHistory() {
  const { pool } = database;
  const team = await createTeam(pool);
  const { accountId, member } = team;
  const { apiKeyId } = await createKey(pool, { accountId, memberId: member.personId });
  await pool.query('select ensure_usage_days(current_date, current_date)');
  await pool.query(
    `insert into usage_events (account_id, day, id, position, entry_seq, member_id, api_key_id, model, batched,
       input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, cost, occurred_at, recorded_at)
     select $1, current_date, 'request-' || n, n, 1, $2, $3, repeat('m', 200), false, 1, 0, 0, 1, 1, now(), now()
     from generate_series(1, $4::int4) n`,
    [accountId, member.personId, apiKeyId, LINES],
  );
  return team;
}

type Team = Awaited<ReturnType<typeof longHistory>>;

/** Begins to read the history as CSV, and then reads nothing until `rest` is asked for. */
async function begin(team: Team, token: string) {
  const answer = await api.call('GET', `/v1/accounts/${team.accountId}/transactions?format=csv`, { token });
  expect(answer.status).toBe(200);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) throw new Error('the answer has no body');
  const first = (await reader.read()).value ?? '';
  return {
    async rest(): Promise<string> {
      const chunks = [first];
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return chunks.join('');
        chunks.push(value);
      }
    },
  };
}

const losses: [string, (team: Team) => Promise<{ token: string; lose: () => Promise<unknown> }>][] = [
  [
    'a member who is removed',
    async ({ member, organizationId }) => ({
      token: await signIn(auth, member.personId),
      lose: () =>
        database.pool.query('delete from auth.members where organization_id = $1 and person_id = $2', [
          organizationId,
          member.personId,
        ]),
    }),
  ],
  [
    'a member whose session is ended',
    async ({ member }) => ({
      token: await signIn(auth, member.personId),
      lose: () => database.pool.query('delete from auth.sessions where person_id = $1', [member.personId]),
    }),
  ],
  [
    'a program whose token is revoked',
    async ({ organizationId }) => ({
      token: await createOrganizationToken(database.pool, organizationId),
      lose: () =>
        database.pool.query('update service_tokens set revoked_at = now() where organization_id = $1', [
          organizationId,
        ]),
    }),
  ],
];

test.each(losses)('the export of %s breaks off', async (_who, prepare) => {
  const team = await longHistory();
  const { token, lose } = await prepare(team);
  const begun = await begin(team, token);
  await lose();
  // its reader is slow, as a browser with a full disk: what was not sent within a second is not sent at all
  await sleep(1_000);
  await expect(begun.rest()).rejects.toThrow();
});

test('an export whose reader is slow is whole all the same, while they may read it', async () => {
  const team = await longHistory();
  const begun = await begin(team, await signIn(auth, team.member.personId));
  // a right that others lose is not theirs
  await database.pool.query('delete from auth.members where person_id = $1', [team.admin.personId]);
  expect((await begun.rest()).trimEnd().split('\n')).toHaveLength(LINES + 1);
});
