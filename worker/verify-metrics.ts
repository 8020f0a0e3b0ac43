// Metrics of verify: whether the last run found everything in order, and when that was, whichever worker ran it.
import { Gauge, type Registry } from 'prom-client';
import type { LastRun } from '../ledger/verify/runs.ts';

/** Adds the gauges to `registry`; `readLastRuns` is asked at every scrape. While it fails, what was last known stays. */
export function watchVerify(registry: Registry, readLastRuns: () => Promise<LastRun[]>): void {
  const last = () => readLastRuns().catch((): LastRun[] => []);
  new Gauge({
    name: 'coffer_verify_clean',
    help: 'Whether everything held in the last verify run of this scope: 1 or 0',
    labelNames: ['scope'],
    registers: [registry],
    async collect() {
      for (const { scope, clean } of await last()) this.set({ scope }, clean ? 1 : 0);
    },
  });
  new Gauge({
    name: 'coffer_verify_finished_timestamp_seconds',
    help: 'When the last verify run of this scope ended',
    labelNames: ['scope'],
    registers: [registry],
    async collect() {
      for (const { scope, finishedAt } of await last()) this.set({ scope }, finishedAt.getTime() / 1_000);
    },
  });
}
