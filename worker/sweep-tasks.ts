// Everything the sweeper looks for, in order of urgency.
import type { ActivityClients } from './activities.ts';
import { pricedUsage } from './priced-usage.ts';
import { dueEvaluations, overduePending, unansweredRings } from './ring-tasks.ts';
import type { SweepTask } from './sweeper.ts';

/**
 * Makes every sweep task over the process's clients. Usage that has a price by now comes last: it is taken up by the
 * hundred, which would leave nothing of the rate to those after it.
 */
export function createSweepTasks(
  clients: ActivityClients,
  settlementIntervalMs: number,
  payments: readonly SweepTask[],
): SweepTask[] {
  const { pool, temporal, metrics } = clients;
  const rings = { pool, temporal, metrics, settlementIntervalMs };
  return [
    unansweredRings(rings),
    dueEvaluations(rings),
    overduePending(rings),
    ...payments,
    pricedUsage(clients),
  ];
}
