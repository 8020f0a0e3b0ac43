// Freezing in a race: a charge was begun before its account was frozen, or it does not begin at all.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SYSTEM } from '../../ledger/acting.ts';
import { setAccountState } from '../../ledger/freezing.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { post } from '../support/reading-usage.ts';
import { rollDice, rounds, timeLimitMs } from '../support/soak.ts';
import { createSponsoredTeam } from '../support/sponsored-team.ts';

const FEW = 10;
const LONGEST_WAIT_MS = 15;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

async function begin(topUpId: string): Promise<string> {
  const { rows } = await database.pool.query<{ step: string }>('select step from begin_attempt($1, now())', [
    topUpId,
  ]);
  return rows[0]?.step ?? '';
}

test(
  'on an account that was frozen no charge begins, at whatever moment it was',
  async () => {
    const dice = rollDice('freezing');
    const { pool } = database;
    const ended = { send: 0, over: 0 };
    for (let round = 0; round < rounds(FEW); round++) {
      const { team, topUpId } = await createSponsoredTeam(pool);
      const { accountId } = team;
      const soon = () => sleep(dice.between(0, LONGEST_WAIT_MS));
      const [step] = await Promise.all([
        soon().then(() => begin(topUpId)),
        soon().then(() => post(pool, accountId)),
        soon().then(() =>
          setAccountState(pool, SYSTEM, { accountId, state: 'frozen', reason: 'a test' }, new Date()),
        ),
      ]);
      if (step !== 'send' && step !== 'over') throw new Error(`the step was ${step}`);
      ended[step] += 1;
      const attempts = async () =>
        (
          await pool.query(
            'select from top_ups t join top_up_attempts a on a.top_up_id = t.id where t.account_id = $1',
            [accountId],
          )
        ).rows.length;
      const begun = step === 'send' ? 1 : 0;
      expect(await attempts()).toBe(begun);
      // what was begun is looked after to its end; nothing new is decided or begun
      await post(pool, accountId);
      expect(await begin(topUpId)).toBe(step);
      expect(await attempts()).toBe(begun);
      const { rows } = await pool.query(
        `select from top_ups where account_id = $1 and state in ('open', 'processing', 'unknown')`,
        [accountId],
      );
      expect(rows).toHaveLength(begun);
    }
    process.stderr.write(`freezing: ${JSON.stringify(ended)}\n`);
  },
  timeLimitMs(FEW),
);
