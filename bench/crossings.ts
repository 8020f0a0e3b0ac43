// Crossings: how soon the event that takes a balance below its threshold becomes a charge request at Stripe.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createOperatorToken } from '../test/support/people.ts';
import { postNow } from '../workflows/client.ts';
import { type CrossingOrder, type CrossingReport, crossingReport } from './crossing-order.ts';
import { books, faultsOf } from './exactness.ts';
import {
  chargesByAccount,
  createRefillingAccounts,
  type RefillingAccount,
  untilCalm,
} from './refilling-accounts.ts';
import type { Seed } from './seed.ts';
import type { BenchServer } from './server.ts';
import { percentile } from './statistics.ts';
import type { System } from './subjects.ts';
import { countCpu, cpuLine } from './system-cpu.ts';
import { withTemporal } from './temporal-client.ts';

const EVENTS_PER_SECOND = 1_000;
const CROSSINGS_PER_SECOND = 5;
/* An account is charged twice in ten minutes at most, so it crosses twice. */
const CROSSINGS_AN_ACCOUNT = 2;
const AIM_P99_MS = 1_000;
const run = promisify(execFile);
const loadFile = fileURLToPath(new URL('crossing-load.ts', import.meta.url));

/** Measures and prints; returns what is wrong, a line each: inexact books, crossings not charged exactly once. */
export async function benchCrossings(
  server: BenchServer,
  system: System,
  { accountId, keys, token }: Seed,
  { crossings }: { readonly crossings: number },
): Promise<string[]> {
  const accounts = await createRefillingAccounts(
    server.pool,
    system.sandboxUrl,
    Math.ceil(crossings / CROSSINGS_AN_ACCOUNT),
  );
  await awaken(system, accounts);
  const order: CrossingOrder = {
    port: system.api.port,
    token,
    operatorToken: await createOperatorToken(server.pool),
    apiKeyIds: keys.map((key) => key.id),
    eventsPerSecond: EVENTS_PER_SECOND,
    accounts,
    crossings,
    crossingsPerSecond: CROSSINGS_PER_SECOND,
    warmUpMs: 3_000,
  };
  const spent = countCpu(server, system);
  const { stdout } = await run(process.execPath, [loadFile, JSON.stringify(order)], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const used = spent();
  const report = crossingReport.parse(JSON.parse(stdout));
  const isCalm = await untilCalm(server.pool, 60_000);
  const { latencies, faults } = match(report, await chargesByAccount(system.sandboxUrl));
  if (!isCalm) faults.push('a minute after the load top-ups are still under way');
  const acknowledged = { events: report.recorded, nanos: BigInt(report.acceptedNanos) };
  faults.push(...(await faultsOf(server.pool, accountId, books.coffer, acknowledged)));

  print(report, latencies);
  const load = { part: 'load generator', milliseconds: report.cpuMs };
  console.log(cpuLine([...used, load], report.elapsedMs, report.crossings.length, 'crossing'));
  return faults;
}

/** Every account's actor runs before the measurement: a crossing meets one that exists, as it does in daily life. */
async function awaken(system: System, accounts: readonly RefillingAccount[]): Promise<void> {
  await withTemporal(system.temporalAddress, async (client) => {
    for (const { accountId } of accounts) await postNow({ client, taskQueue: 'coffer' }, accountId);
  });
}

/** An account's first crossing belongs to its first charge, and so on; there must be as many of either. */
function match({ crossings }: CrossingReport, charges: ReadonlyMap<string, readonly number[]>) {
  const faults: string[] = [];
  const latencies: number[] = [];
  const perAccount = Map.groupBy(crossings, (crossing) => crossing.accountId);
  for (const [accountId, crossed] of perAccount) {
    const received = charges.get(accountId) ?? [];
    if (received.length !== crossed.length)
      faults.push(
        `account ${accountId} crossed ${crossed.length} times and was charged ${received.length} times`,
      );
    const inOrder = crossed.toSorted((a, b) => a.acknowledgedAtMs - b.acknowledgedAtMs);
    for (const [index, { acknowledgedAtMs }] of inOrder.entries()) {
      const receivedAtMs = received[index];
      if (receivedAtMs !== undefined) latencies.push(receivedAtMs - acknowledgedAtMs);
    }
  }
  return { latencies: latencies.sort((a, b) => a - b), faults };
}

function print(report: CrossingReport, latencies: readonly number[]): void {
  const p99 = percentile(latencies, 0.99);
  const ms = (value: number | null) => `${Math.round(value ?? Number.NaN)} ms`;
  console.log(
    `${Math.round(report.eventsPerSecond)} single events/s acknowledged, p50 ${ms(report.p50Ms)}, p99 ${ms(report.p99Ms)}`,
    Object.keys(report.errors).length > 0 ? JSON.stringify(report.errors) : '',
  );
  console.log(
    `crossing → charge request: n ${latencies.length}, p50 ${ms(percentile(latencies, 0.5))}, ` +
      `p90 ${ms(percentile(latencies, 0.9))}, p99 ${ms(p99)}, max ${ms(latencies.at(-1) ?? null)}; ` +
      `p99 below ${AIM_P99_MS} ms: ${p99 < AIM_P99_MS ? 'reached' : 'NOT reached'}`,
  );
  if (report.notRefilled > 0)
    console.log(`${report.notRefilled} turns were left out: their account had not been refilled yet`);
}
