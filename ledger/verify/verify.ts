// Verify: reads the live data in short snapshots, account by account, and says which guarantee does not hold.
import type { Pool } from '../database.ts';
import { checkAccount } from './account.ts';
import type { AccountRange } from './account-range.ts';
import { type AgeLimits, checkAges, DEFAULT_AGE_LIMITS } from './ages.ts';
import { checkCharges } from './charges.ts';
import {
  type AccountToCheck,
  dropCheckpoint,
  nextAccounts,
  readCheckpoint,
  storeCheckpoint,
} from './checkpoints.ts';
import { checkCommands } from './commands.ts';
import { checkHolds } from './holds.ts';
import { checkPayments, checkQuarantine } from './payments.ts';
import { Findings, type VerifyReport, type VerifyScope } from './report.ts';

/** How far a run has come: handed to `verify` again, it goes on there. */
export interface VerifyProgress {
  /** The last account of those that are done. */
  readonly after: string | null;
  readonly report: VerifyReport;
}

export interface VerifyOptions {
  /** Decides how old what waits is. */
  readonly now: Date;
  /** Everything by default. */
  readonly scope?: VerifyScope;
  /** Keeps how far each account was found in order, for the next run since the checkpoint. */
  readonly keepCheckpoints?: boolean;
  /** How long something may wait; the ledger's own limits by default. */
  readonly ageLimits?: AgeLimits;
  /** Where a run that was cut off had come to. */
  readonly resume?: VerifyProgress;
  /** Hears how far it has come, after some accounts each. */
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** Called after every statement; what it throws ends the run. */
  readonly onStep?: () => void;
}

const ACCOUNTS_AT_ONCE = 500;

/**
 * Checks everything that must always hold (docs/architecture.md) on the data as it is, in snapshots that are short
 * each, so it may run beside any load; nothing that changes meanwhile is mistaken for a fault. Writes nothing but
 * checkpoints, and those only when told to. Since the checkpoint, entries and usage are checked from where they were
 * last found in order; whatever happened to what lies before is found by a full run.
 */
export async function verify(pool: Pool, options: VerifyOptions): Promise<VerifyReport> {
  const { onProgress = () => undefined, onStep = () => undefined } = options;
  const findings = new Findings(options.resume?.report);
  let after = options.resume?.after ?? null;
  for (;;) {
    const accounts = await nextAccounts(pool, after, ACCOUNTS_AT_ONCE);
    const upTo = accounts.at(-1)?.id;
    if (upTo === undefined) break;
    for (const account of accounts) await checkOne(pool, account, options, findings, onStep);
    await checkTogether(pool, { after, upTo }, findings, onStep);
    after = upTo;
    onProgress({ after, report: findings.report() });
  }
  await checkQuarantine(pool, findings);
  await checkAges(pool, options.now, options.ageLimits ?? DEFAULT_AGE_LIMITS, findings);
  return findings.report();
}

async function checkOne(
  pool: Pool,
  account: AccountToCheck,
  { scope = 'full', keepCheckpoints = false, now }: VerifyOptions,
  findings: Findings,
  onStep: () => void,
): Promise<void> {
  findings.accounts += 1;
  findings.checked('holds', 1);
  if (account.untouched || (scope === 'since-checkpoint' && account.unchanged)) return;
  const since = scope === 'full' ? undefined : await readCheckpoint(pool, account.id);
  const before = findings.offences;
  const checkpoint = await checkAccount(pool, account.id, since, findings, onStep);
  onStep();
  if (!keepCheckpoints) return;
  if (findings.offences === before) await storeCheckpoint(pool, account, checkpoint, now);
  else await dropCheckpoint(pool, account.id);
}

/** What is few for each account is checked for many at once. */
async function checkTogether(
  pool: Pool,
  range: AccountRange,
  findings: Findings,
  onStep: () => void,
): Promise<void> {
  for (const check of [checkCommands, checkPayments, checkCharges, checkHolds]) {
    await check(pool, range, findings);
    onStep();
  }
}
