// The books before the first request: an organization with three keys, a price, a gateway token and much credit.
import { v7 as uuidv7 } from 'uuid';
import type { Pool } from '../ledger/database.ts';
import { dayNumber } from '../ledger/intake/day.ts';
import type { KnownKey } from '../ledger/intake/key-directory.ts';
import { ensureUsageDays } from '../ledger/intake/record-usage.ts';
import { createGatewayToken, createKey, createTeam } from '../test/support/people.ts';
import { createEventTable } from './bare-insert.ts';
import { BENCH_MODEL } from './sample-events.ts';

/** A billion dollars: no threshold is crossed, so that the actor posts by the interval alone. */
export const CREDIT_NANOS = 10n ** 18n;

const INSERT_PRICE = `
  insert into prices (model, effective_from, input, cached_input, cache_write, output,
    batch_input, batch_cached_input, batch_cache_write, batch_output, source, created_at)
  values ($1, '1970-01-01', 150000000, 75000000, 150000000, 600000000, 75000000, 75000000, 75000000, 300000000, 'bench', now())`;

export interface Seed {
  readonly accountId: string;
  readonly keys: readonly KnownKey[];
  readonly token: string;
}

/** Fills a migrated, empty database; the baselines get tables with the same columns, partitions and indexes. */
export async function seed(pool: Pool): Promise<Seed> {
  const today = dayNumber(new Date());
  await ensureUsageDays(pool, today - 36, today + 2);
  await pool.query(INSERT_PRICE, [BENCH_MODEL]);
  const { accountId, owner, admin, member } = await createTeam(pool);
  const keys: KnownKey[] = [];
  for (const { personId } of [owner, admin, member]) {
    const { apiKeyId } = await createKey(pool, { accountId, memberId: personId });
    keys.push({
      id: apiKeyId,
      accountId,
      holders: [{ memberId: personId, since: new Date(0) }],
      expiresAt: null,
      revokedAt: null,
      secretEndsAt: null,
    });
  }
  await pool.query("select store_command($1, $2, 'bench-grant', 'grant', $3, '{}', now())", [
    uuidv7(),
    accountId,
    CREDIT_NANOS,
  ]);
  await createEventTable(pool, 'bare_events');
  for (const name of ['row_lock', 'one_statement']) {
    await createEventTable(pool, `${name}_events`);
    await pool.query(`create table ${name}_balances (
      account_id uuid primary key, balance int8 not null, last_position int8 not null) with (fillfactor = 40)`);
    await pool.query(`insert into ${name}_balances values ($1, $2, 0)`, [accountId, CREDIT_NANOS]);
  }
  return { accountId, keys, token: await createGatewayToken(pool) };
}
