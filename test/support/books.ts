// Books for verify: an organization's ledger in order, and ways to break it that the database itself would refuse.
import type { Client } from 'pg';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { withTransaction } from '../../ledger/database.ts';
import type { PricedEvent } from '../../ledger/intake/priced-event.ts';
import { ensureUsageDays, recordUsage } from '../../ledger/intake/record-usage.ts';
import { nanos } from '../../ledger/money.ts';
import { openAccount, postPending } from '../../ledger/posting.ts';
import type { Guarantee, VerifyReport } from '../../ledger/verify/report.ts';
import { verify } from '../../ledger/verify/verify.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createKey, createTeam, type TestOrganization } from './people.ts';

export const NOW = new Date('2026-03-02T00:10:00Z');
export const EARLIER = new Date('2026-03-01T23:50:00Z');
const DAY = Math.floor(NOW.getTime() / 86_400_000);

export interface Books {
  readonly database: TestDatabase;
  readonly team: TestOrganization;
  readonly keyId: string;
}

/** An organization with a grant, two usage entries, a paid auto top-up, an open period and a waiting command. */
export async function healthyBooks(): Promise<Books> {
  const database = await createTestDatabase();
  const { pool } = database;
  const team = await createTeam(pool, EARLIER);
  const { apiKeyId } = await createKey(pool, {
    accountId: team.accountId,
    memberId: team.member.personId,
    now: EARLIER,
  });
  const books = { database, team, keyId: apiKeyId };
  await ensureUsageDays(pool, DAY - 2, DAY + 1);
  await storeCommand(books, 'grant:1', 'grant', 50_000_000_000n);
  const { standing } = await withTransaction(pool, (connection) => openAccount(connection, team.accountId));
  const post = (afterSeq: number) =>
    withTransaction(pool, (connection) =>
      postPending(connection, { accountId: team.accountId, epoch: standing.epoch, afterSeq }, NOW),
    );
  await post(0);
  await use(books, ['a', 'b', 'c'], EARLIER);
  await post(1);
  await use(books, ['d', 'e'], NOW);
  await payAutoTopUp(books, 'pi_1', 2);
  await post(2);
  await use(books, ['f'], NOW);
  await storeCommand(books, 'grant:2', 'grant', 1_000_000_000n);
  return books;
}

export async function storeCommand(
  { database, team }: Books,
  key: string,
  type: string,
  amount: bigint,
): Promise<void> {
  await database.pool.query(`select store_command($1, $2, $3, $4, $5, '{}', $6)`, [
    uuidv7(),
    team.accountId,
    key,
    type,
    amount.toString(),
    NOW,
  ]);
}

export async function use({ database, team, keyId }: Books, ids: string[], at: Date): Promise<void> {
  const key = {
    id: keyId,
    accountId: team.accountId,
    holders: [{ memberId: team.member.personId, since: new Date(0) }],
    expiresAt: null,
    revokedAt: null,
    secretEndsAt: null,
  };
  const events = ids.map(
    (id): PricedEvent => ({
      id,
      key,
      memberId: team.member.personId,
      apiKeyId: keyId,
      apiKey: undefined,
      model: 'gpt-4o-mini',
      inputTokens: 1000,
      cachedInputTokens: 100,
      cacheWriteTokens: 10,
      outputTokens: 50,
      occurredAt: at,
      batched: false,
      holdId: null,
      batchId: null,
      metadata: null,
      explicitCost: nanos(1_000_000n),
      priceId: null,
      cost: nanos(1_000_000n),
    }),
  );
  await withTransaction(database.pool, (connection) => recordUsage(connection, events, { now: at }));
}

export async function payAutoTopUp(
  { database, team }: Books,
  paymentIntent: string,
  triggerSeq: number,
): Promise<string> {
  const id = uuidv7();
  await database.pool.query(
    `insert into top_ups (id, account_id, mode, payer_id, amount, currency, trigger_seq, rule_revision, payment_method_id, created_at, next_check_at)
     values ($1, $2, 'auto', $3, 10000000000, 'usd', $4, 1, 'pm_1', $5, $5)`,
    [id, team.accountId, team.owner.personId, triggerSeq, NOW],
  );
  await database.pool.query(
    `insert into top_up_attempts (top_up_id, attempt, first_sent_at, last_sent_at) values ($1, 1, $2, $2)`,
    [id, NOW],
  );
  await database.pool.query(`select credit_payment($1, 1, $2, $3, $4)`, [id, paymentIntent, uuidv7(), NOW]);
  return id;
}

export async function addRule({ database, team }: Books, cap: bigint): Promise<void> {
  await database.pool.query(
    `insert into payment_methods (id, person_id, customer_id, fingerprint, brand, last4, exp_month, exp_year, consented_at, consent_terms, created_at)
     values ('pm_1', $1, 'cus_1', 'f', 'visa', '4242', 1, 2030, $2, 'terms', $2)`,
    [team.owner.personId, EARLIER],
  );
  await database.pool.query(
    `insert into auto_top_up_rules (account_id, sponsor_id, payment_method_id, threshold, amount, monthly_cap, created_at, updated_at)
     values ($1, $2, 'pm_1', 5000000000, 5000000000, $3, $4, $4)`,
    [team.accountId, team.owner.personId, cap.toString(), EARLIER],
  );
}

/** Does what the database itself would refuse. */
export async function plant(
  { database }: Books,
  ...statements: (string | [string, unknown[]])[]
): Promise<void> {
  const client: Client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query('set session_replication_role = replica');
    for (const statement of statements) {
      const [text, values] = typeof statement === 'string' ? [statement, []] : statement;
      const { rowCount, command } = await client.query(text, values);
      if (command !== 'ALTER' && command !== 'DROP' && rowCount === 0)
        throw new Error(`nothing planted: ${text}`);
    }
  } finally {
    await client.end();
  }
}

export function check({ database }: Books, now = NOW): Promise<VerifyReport> {
  return verify(database.pool, { now });
}

export function broken(report: VerifyReport): Guarantee[] {
  return report.checks.filter(({ ok }) => !ok).map(({ guarantee }) => guarantee);
}
