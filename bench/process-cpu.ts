// What processes have used, as Linux counts it: CPU time of one, or of a server with all that it ever started, and memory.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let ticksPerSecond: number | undefined;

/** CPU time of one process in milliseconds, exact to the nanosecond where the kernel counts it so. */
export function processCpuMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

/** CPU time of a Postgres in milliseconds: the postmaster, its living children, and those it has already reaped. */
export function postgresCpuMs(postmasterPid: number): number {
  const children = readFileSync(`/proc/${postmasterPid}/task/${postmasterPid}/children`, 'utf8');
  const living = children
    .split(' ')
    .filter(Boolean)
    .map((pid) => ticksOf(Number(pid)));
  const own = ticksOf(postmasterPid);
  return milliseconds(own.own + own.reaped + living.reduce((sum, { own, reaped }) => sum + own + reaped, 0));
}

/** CPU time of a process with all its threads, in milliseconds. */
export function threadedCpuMs(pid: number): number {
  return milliseconds(ticksOf(pid).own);
}

/** The most memory a process ever had resident, in MiB. */
export function peakMemoryMiB(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(line?.[1] ?? 0) / 1_024);
}

/** User and system ticks of a process, and of its ended children (proc_pid_stat(5), fields 14 to 17). */
function ticksOf(pid: number): { own: number; reaped: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15).map(Number);
    return { own: user + system, reaped: childUser + childSystem };
  } catch {
    return { own: 0, reaped: 0 };
  }
}

function milliseconds(ticks: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return (ticks * 1_000) / ticksPerSecond;
}
