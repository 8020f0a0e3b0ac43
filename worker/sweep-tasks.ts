// Everything the sweeper looks for, in order of urgency.
import type { ActivityClients } from './activities.ts';
import { pricedUsage } from './priced-usage.ts';
import { dueEvaluations, overduePending, unansweredRings } from './ring-tasks.ts';
import type { SweepTask } from './sweeper.ts';

/** Makes every sweep task over the process's clients. */
export function createSweepTasks(clients: ActivityClients, settlementIntervalMs: number): SweepTask[] {
  const { pool, temporal, metrics } = clients;
  const rings = { pool, temporal, metrics, settlementIntervalMs };
  return [unansweredRings(rings), dueEvaluations(rings), overduePending(rings), pricedUsage(rings)];
}
