// Verify: reads the live data in short snapshots, account by account, and says which guarantee does not hold.
import type { Pool } from '../database.ts';
import { type AgeLimits, checkAges, DEFAULT_AGE_LIMITS } from './ages.ts';
import { checkAttribution } from './attribution.ts';
import { checkCharges } from './charges.ts';
import { checkCommands } from './commands.ts';
import { checkEntries } from './entries.ts';
import { checkHolds } from './holds.ts';
import { checkOpenPeriod } from './open-period.ts';
import { checkPayments } from './payments.ts';
import { Findings, type VerifyReport } from './report.ts';
import { checkRollups } from './rollups.ts';
import { checkUsageDays } from './usage-days.ts';

export interface VerifyOptions {
  /** Decides how old what waits is. */
  readonly now: Date;
  /** How long something may wait; the ledger's own limits by default. */
  readonly ageLimits?: AgeLimits;
  /** Hears how far it has come. */
  readonly onProgress?: (accounts: number) => void;
}

const ACCOUNTS_AT_ONCE = 1_000;

const NEXT_ACCOUNTS = `
  select id from accounts where $1::uuid is null or id > $1::uuid order by id limit $2::int4`;

/**
 * Checks everything that must always hold (docs/architecture.md) on the data as it is. Reads only, in statements that
 * are short each, so it may run beside any load; nothing that changes meanwhile is mistaken for a fault.
 */
export async function verify(pool: Pool, options: VerifyOptions): Promise<VerifyReport> {
  const findings = new Findings();
  for await (const account of accountIds(pool)) {
    const usage = await checkEntries(pool, account, findings);
    await checkOpenPeriod(pool, account, findings);
    await checkRollups(pool, account, usage, findings);
    await checkAttribution(pool, account, usage, findings);
    await checkUsageDays(pool, account, findings);
    findings.accounts += 1;
    options.onProgress?.(findings.accounts);
  }
  await checkCommands(pool, findings);
  await checkPayments(pool, findings);
  await checkCharges(pool, findings);
  await checkHolds(pool, findings);
  await checkAges(pool, options.now, options.ageLimits ?? DEFAULT_AGE_LIMITS, findings);
  return findings.report();
}

async function* accountIds(pool: Pool): AsyncGenerator<string> {
  let after: string | null = null;
  for (;;) {
    const { rows }: { rows: { id: string }[] } = await pool.query(NEXT_ACCOUNTS, [after, ACCOUNTS_AT_ONCE]);
    for (const { id } of rows) yield id;
    after = rows.at(-1)?.id ?? null;
    if (rows.length < ACCOUNTS_AT_ONCE) return;
  }
}
