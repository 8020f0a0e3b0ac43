// Live accounts: whoever catches up on a long history keeps nobody waiting, and no account takes all the room.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { LiveAccounts, type Watcher } from '../api/live-accounts.ts';
import { createLogger } from '../api/logging.ts';
import { eventually } from './support/account.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createPerson, type TestPerson } from './support/people.ts';
import { post } from './support/reading-usage.ts';

let database: TestDatabase;
let person: TestPerson;
let live: LiveAccounts;

beforeAll(async () => {
  database = await createTestDatabase();
  person = await createPerson(database.pool);
  live = new LiveAccounts(database.pool, createLogger('api', 'silent'));
});
afterAll(async () => {
  live.close();
  // the poll under way and the pause behind it
  await new Promise((resolve) => setTimeout(resolve, 500));
  await database.drop();
});

/** Sees every account, so nobody is asked whether they still may. */
const anOperator = { personId: undefined, person: undefined };

/** Somebody who watches, and the seqs of the entries that they heard of. */
function watcher(accountId: string, afterSeq: bigint | undefined, onEntry = (_seq: bigint) => {}) {
  const heard: bigint[] = [];
  let balances = 0;
  const one: Watcher = {
    accountId,
    ...anOperator,
    afterSeq,
    balance: () => {
      balances += 1;
    },
    entry: ({ seq }) => {
      heard.push(seq);
      onEntry(seq);
    },
    topUp: () => {},
    close: () => {},
  };
  return { one, heard, balances: () => balances };
}

/** So many grants of a nano, posted; written past the triggers, because it is only their number that matters. */
async function history(accountId: string, entries: number): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query('set session_replication_role = replica');
    await client.query(
      `insert into entries (account_id, seq, type, debit, credit, amount, balance_after, currency, epoch, last_position, command_id, posted_at)
       select $1, n, 'grant', 'grants', 'credit', 1, n, 'usd', 0, 0, gen_random_uuid(), now() from generate_series(1, $2::int4) n`,
      [accountId, entries],
    );
    await client.query(
      'update account_balances set posted = $2::int8, open_seq = $2::int8 + 1 where account_id = $1',
      [accountId, entries],
    );
  } finally {
    await client.end();
  }
}

test('who catches up on a long history hears all of it in order, and the others of the account do not wait', async () => {
  const { accountId } = person;
  await history(accountId, 3_000);
  const late = watcher(accountId, 0n);
  let lateHadHeard = 0;
  const upToDate = watcher(accountId, undefined, () => {
    lateHadHeard = late.heard.length;
  });
  const stops = [live.watch(upToDate.one)];
  await eventually(async () => (upToDate.balances() > 0 ? true : undefined));
  stops.push(live.watch(late.one));
  await database.pool.query(
    `select store_command(gen_random_uuid(), $1, 'grant:1', 'grant', 5, '{}', now())`,
    [accountId],
  );
  await post(database.pool, accountId);
  await eventually(async () => (upToDate.heard.length > 0 ? true : undefined));
  expect(upToDate.heard).toEqual([3_001n]);
  expect(lateHadHeard).toBeLessThan(3_000);
  await eventually(async () => (late.heard.length >= 3_001 ? true : undefined));
  expect(late.heard).toEqual(Array.from({ length: 3_001 }, (_, i) => BigInt(i + 1)));
  for (const stop of stops) stop();
});

test('the watchers of one account leave room for those of others', async () => {
  const other = await createPerson(database.pool);
  const stops: (() => void)[] = [];
  const watch = (accountId: string) => stops.push(live.watch(watcher(accountId, undefined).one));
  for (let i = 0; i < 200; i += 1) watch(person.accountId);
  expect(() => watch(person.accountId)).toThrow('Too many streams are open here.');
  watch(other.accountId);
  for (const stop of stops) stop();
});
