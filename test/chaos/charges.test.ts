// Charges in a race: whatever happens to them at once and in whatever order, money that was taken is credited once or set aside.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verify } from '../../ledger/verify/verify.ts';
import { createChargeWorld } from '../support/charge-world.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { rollDice, rounds, timeLimitMs } from '../support/soak.ts';

const FEW = 25;
const TURNS = 20;
const AT_ONCE = 5;
const SOME_MS = [10, 1_000, 61_000, 11 * 60_000, 61 * 60_000, 25 * 3_600_000];

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

/** Of payments that were taken: how often each is credited, and whether it is set aside and not credited by a decision. */
async function placesOf(paymentIntentIds: readonly string[]): Promise<string[]> {
  const { rows } = await database.pool.query<{ place: string }>(
    `select concat_ws(' ', case when c.id is not null then 'credited' end,
       case when q.payment_intent_id is not null then 'set aside' end, q.resolution) as place
     from unnest($1::text[]) as taken (intent)
     left join ledger_commands c on c.key = 'purchase:' || taken.intent
     left join quarantined_payments q on q.payment_intent_id = taken.intent`,
    [paymentIntentIds],
  );
  return rows.map(({ place }) => place);
}

const WHERE_MONEY_MAY_BE = ['credited', 'set aside', 'set aside kept-out', 'credited set aside credited'];

test(
  'whatever happens to charges at once, what was taken is credited once or set aside, and the books are in order',
  async () => {
    const dice = rollDice('charges');
    const { pool } = database;
    let nowMs = Date.now();
    const now = () => new Date(nowMs);
    const places: string[] = [];
    for (let round = 0; round < rounds(FEW); round++) {
      const world = await createChargeWorld(pool, dice, now);
      for (let turn = 0; turn < TURNS; turn++) {
        nowMs += dice.pick(SOME_MS);
        await Promise.all(Array.from({ length: AT_ONCE }, () => dice.pick(world.happenings)()));
      }
      places.push(...(await placesOf(await world.settleAll())));
    }
    process.stderr.write(`charges: ${places.length} were taken\n`);
    expect(places.filter((place) => !WHERE_MONEY_MAY_BE.includes(place))).toEqual([]);
    const { checks } = await verify(pool, { now: now() });
    // nobody rings in this test
    expect(checks.filter(({ ok, guarantee }) => !ok && guarantee !== 'ages')).toEqual([]);
  },
  timeLimitMs(FEW),
);
