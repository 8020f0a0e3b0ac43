// A burst: many accounts cross their thresholds at once; how many charges a second come of it, and what each costs.
import { v7 as uuidv7 } from 'uuid';
import { accountWorkflowId } from '../workflows/messages.ts';
import {
  chargesByAccount,
  createRefillingAccounts,
  crossingTokens,
  type RefillingAccount,
  untilCalm,
} from './refilling-accounts.ts';
import { BENCH_MODEL } from './sample-events.ts';
import type { Seed } from './seed.ts';
import type { BenchServer } from './server.ts';
import { percentile } from './statistics.ts';
import type { System } from './subjects.ts';
import { countCpu, cpuLine } from './system-cpu.ts';
import { withTemporal } from './temporal-client.ts';

const EVENTS_A_REQUEST = 100;
const MOST_MINUTES = 10;
const SAMPLED = 100;

/** Measures and prints; returns what is wrong, a line each: accounts that were not charged exactly once. */
export async function benchBurst(
  server: BenchServer,
  system: System,
  { token }: Seed,
  { accounts: count }: { readonly accounts: number },
): Promise<string[]> {
  const accounts = await createRefillingAccounts(server.pool, system.sandboxUrl, count);
  const spent = countCpu(server, system);
  const startedAtMs = Date.now();
  for (let from = 0; from < accounts.length; from += EVENTS_A_REQUEST)
    await cross(system.api.port, token, accounts.slice(from, from + EVENTS_A_REQUEST));
  const crossedMs = Date.now() - startedAtMs;
  const isCalm = await untilCalm(server.pool, MOST_MINUTES * 60_000);
  const elapsedMs = Date.now() - startedAtMs;
  const used = spent();

  const charges = await chargesByAccount(system.sandboxUrl);
  const times = [...charges.values()].flat().sort((a, b) => a - b);
  const chargedMs = (times.at(-1) ?? startedAtMs) - startedAtMs;
  const signals = await signalsPerAccount(system, accounts.slice(0, SAMPLED));
  console.log(
    `${count} accounts crossed within ${(crossedMs / 1_000).toFixed(1)} s, all were charged after ` +
      `${(chargedMs / 1_000).toFixed(1)} s (${((times.length * 1_000) / chargedMs).toFixed(1)} charges/s), half of them ` +
      `after ${((percentile(times, 0.5) - startedAtMs) / 1_000).toFixed(1)} s, all credited and posted after ` +
      `${(elapsedMs / 1_000).toFixed(1)} s; at most ${Math.max(...signals)} signals an account`,
  );
  console.log(cpuLine(used, elapsedMs, times.length, 'charge'));
  const wrong = accounts.filter(({ accountId }) => charges.get(accountId)?.length !== 1);
  return [
    ...(isCalm ? [] : [`after ${MOST_MINUTES} minutes top-ups are still under way`]),
    ...(wrong.length > 0 ? [`${wrong.length} accounts were not charged exactly once`] : []),
  ];
}

async function cross(port: number, token: string, accounts: readonly RefillingAccount[]): Promise<void> {
  const occurredAt = new Date().toISOString();
  const response = await fetch(`http://127.0.0.1:${port}/v1/usage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(
      accounts.map(({ apiKeyId }) => ({
        id: uuidv7(),
        apiKeyId,
        model: BENCH_MODEL,
        ...crossingTokens,
        occurredAt,
      })),
    ),
  });
  if (response.status !== 200) throw new Error(`usage was answered with ${response.status}`);
}

async function signalsPerAccount(system: System, accounts: readonly RefillingAccount[]): Promise<number[]> {
  return await withTemporal(system.temporalAddress, async (client) => {
    const counts: number[] = [];
    for (const { accountId } of accounts) {
      const { events } = await client.workflow.getHandle(accountWorkflowId(accountId)).fetchHistory();
      counts.push(events?.filter((event) => event.workflowExecutionSignaledEventAttributes).length ?? 0);
    }
    return counts;
  });
}
