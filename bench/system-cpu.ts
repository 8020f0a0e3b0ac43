// The CPU that every part of Coffer used between two moments.
import { postgresCpuMs, threadedCpuMs } from './process-cpu.ts';
import type { BenchServer } from './server.ts';
import type { System } from './subjects.ts';

export interface CpuUse {
  readonly part: string;
  readonly milliseconds: number;
}

/** Begins to count; the function returned says what each part has used since. */
export function countCpu(server: BenchServer, system: System): () => CpuUse[] {
  const readings: [string, () => number][] = [
    ['Postgres', () => postgresCpuMs(server.postmasterPid)],
    ['Temporal', () => threadedCpuMs(system.temporalPid)],
    ['worker', () => threadedCpuMs(system.worker.pid)],
    ['API', () => threadedCpuMs(system.api.pid)],
    ['sandbox', () => threadedCpuMs(system.sandbox.pid)],
  ];
  const before = readings.map(([, read]) => read());
  return () => readings.map(([part, read], index) => ({ part, milliseconds: read() - (before[index] ?? 0) }));
}

/** One line: each part's share of a core over `elapsedMs`, and its milliseconds for each of `count`. */
export function cpuLine(uses: readonly CpuUse[], elapsedMs: number, count: number, each: string): string {
  const parts = uses.map(
    ({ part, milliseconds }) =>
      `${part} ${Math.round((milliseconds / elapsedMs) * 100)} % (${(milliseconds / count).toFixed(1)} ms)`,
  );
  return `CPU of a core, and a ${each}: ${parts.join(', ')}`;
}
