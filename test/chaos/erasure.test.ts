// Erasure in a race: a sponsor is erased while all that they have is in use, and nothing of them comes back or is lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { SYSTEM, withActing } from '../../ledger/acting.ts';
import { erasePerson } from '../../ledger/erasure.ts';
import { setAccountState } from '../../ledger/freezing.ts';
import { addMember } from '../../ledger/members.ts';
import { verify } from '../../ledger/verify/verify.ts';
import { startTestApi, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  createGatewayToken,
  createKey,
  createTeam,
  createTestAuth,
  signIn,
  type TestOrganization,
} from '../support/people.ts';
import { createPrice, post } from '../support/reading-usage.ts';
import { type Dice, rollDice, rounds, timeLimitMs } from '../support/soak.ts';
import { createSponsoredTeam } from '../support/sponsored-team.ts';

const FEW = 6;
const LONGEST_WAIT_MS = 40;

let database: TestDatabase;
let api: TestApi;
let gateway: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  gateway = await createGatewayToken(database.pool);
  await createPrice(database.pool, 'swift');
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

interface Sponsored {
  readonly team: TestOrganization;
  readonly other: TestOrganization;
  readonly personId: string;
  readonly card: string;
  readonly apiKeyId: string;
  readonly topUpId: string;
}

/** A team whose admin sponsors auto top-up that has just been decided, and has a key. */
async function sponsored(): Promise<Sponsored> {
  const { pool } = database;
  const other = await createTeam(pool);
  const { team, sponsor, card, topUpId } = await createSponsoredTeam(pool, 'admin');
  const { personId } = sponsor;
  const { apiKeyId } = await createKey(pool, { accountId: team.accountId, memberId: personId });
  return { team, other, personId, card, apiKeyId, topUpId };
}

/** What may go on meanwhile; each may be refused, none may stand in the way of the erasure. */
function meanwhile({
  team,
  other,
  personId,
  card,
  apiKeyId,
  topUpId,
}: Sponsored): (() => Promise<unknown>)[] {
  const { pool } = database;
  const now = () => new Date();
  const state = (to: 'frozen' | 'open') => () =>
    setAccountState(pool, SYSTEM, { accountId: team.accountId, state: to, reason: 'a test' }, now());
  return [
    () => post(pool, team.accountId),
    () => pool.query('select * from begin_attempt($1, now())', [topUpId]),
    () => pool.query('update payment_methods set detached_at = now() where id = $1', [card]),
    () => addMember(pool, { organizationId: other.organizationId, personId, role: 'owner', now: now() }),
    () => createKey(pool, { accountId: team.accountId, memberId: personId, name: 'late' }),
    () => signIn(createTestAuth(pool), personId),
    () =>
      withActing(pool, SYSTEM, now(), (connection) =>
        connection.query(`update auth.members set role = 'member' where person_id = $1`, [personId]),
      ),
    () =>
      withActing(pool, SYSTEM, now(), (connection) =>
        connection.query('delete from auth.members where person_id = $1', [personId]),
      ),
    () =>
      withActing(pool, SYSTEM, now(), (connection) =>
        connection.query('select hand_over_api_key($1, $2, now())', [apiKeyId, team.member.personId]),
      ),
    () =>
      api.json('POST', '/v1/usage', {
        token: gateway,
        body: {
          id: uuidv7(),
          apiKeyId,
          model: 'swift',
          inputTokens: 1_000,
          outputTokens: 1_000,
          occurredAt: now().toISOString(),
        },
      }),
    state('frozen'),
    state('open'),
  ];
}

async function soon<T>(dice: Dice, work: () => Promise<T>): Promise<T> {
  await sleep(dice.between(0, LONGEST_WAIT_MS));
  return work();
}

test(
  'whatever goes on while a sponsor is erased, they are erased once, nothing of theirs is left in use, and the books are in order',
  async () => {
    const dice = rollDice('erasure');
    const { pool } = database;
    for (let round = 0; round < rounds(FEW); round++) {
      const world = await sponsored();
      const { personId } = world;
      const others = dice.shuffled(meanwhile(world)).map((work) => soon(dice, work));
      const erasures = [1, 2].map(() =>
        soon(dice, () => erasePerson(pool, SYSTEM, { personId }, new Date())),
      );
      await Promise.allSettled(others);
      expect(await Promise.all(erasures)).toEqual([true, true]);
      const { rows } = await pool.query(
        `select
           (select count(*) from auth.members where person_id = $1)::int4 as members,
           (select count(*) from auth.sessions where person_id = $1)::int4 as sessions,
           (select count(*) from api_keys where member_id = $1 and revoked_at is null)::int4 as keys,
           (select count(*) from auto_top_up_rules where sponsor_id = $1 and state = 'enabled')::int4 as rules,
           (select count(*) from payment_methods where person_id = $1 and (detached_at is null or last4 <> ''))::int4 as cards,
           (select count(*) from names where subject_id = $1 and name <> 'former member')::int4 as names,
           (select count(*) from audit_lines where action = 'person.erased' and subject_id = $1::text)::int4 as lines`,
        [personId],
      );
      expect(rows).toEqual([{ members: 0, sessions: 0, keys: 0, rules: 0, cards: 0, names: 0, lines: 1 }]);
    }
    const report = await verify(pool, { now: new Date() });
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  },
  timeLimitMs(FEW),
);
