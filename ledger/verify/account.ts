// Verify: everything that must hold of one account, from its first entry or from a checkpoint on.
import type { Pool } from '../database.ts';
import { checkAttribution } from './attribution.ts';
import { type Checkpoint, checkpointAt } from './checkpoints.ts';
import { checkEntries } from './entries.ts';
import { checkOpenPeriod } from './open-period.ts';
import type { Findings } from './report.ts';
import { checkNeighbouringDays, checkUsageDays } from './usage-days.ts';
import { UsageSums } from './usage-sums.ts';

/**
 * Checks one account in short snapshots, and returns where its next check may go on. `onStep` is called after each of
 * them; what it throws ends the check.
 */
export async function checkAccount(
  pool: Pool,
  account: string,
  since: Checkpoint | undefined,
  findings: Findings,
  onStep: () => void,
): Promise<Checkpoint> {
  const usage = new UsageSums(account, since);
  const standing = await checkEntries(pool, account, since, usage, findings, onStep);
  const checkpoint = checkpointAt(standing, usage);
  await checkOpenPeriod(pool, account, standing, usage, findings, onStep);
  await checkAttribution(pool, account, usage, findings);
  if (since === undefined) await checkUsageDays(pool, account, findings, onStep);
  else await checkNeighbouringDays(pool, account, since.position, usage.position, findings, onStep);
  findings.usageEvents += usage.events;
  findings.checked('usage', usage.events);
  findings.checked('attribution', usage.events);
  return checkpoint;
}
