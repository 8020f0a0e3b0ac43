// The activity of a verify run: checks the books, tells Temporal how far it has come, and keeps what it found.
import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { z } from 'zod';
import type { Clock } from '../ledger/clock.ts';
import type { Pool } from '../ledger/database.ts';
import type { VerifyReport, VerifyScope } from '../ledger/verify/report.ts';
import { finishRun, parseReport, startRun } from '../ledger/verify/runs.ts';
import { type VerifyProgress, verify } from '../ledger/verify/verify.ts';

export interface VerifyRunInput {
  readonly runId: string;
  readonly scope: VerifyScope;
}

/** What a run found, as its workflow shows it. */
export interface VerifyOutcome {
  readonly clean: boolean;
  readonly accounts: number;
  readonly entries: number;
  readonly usageEvents: number;
  /** One line for each broken guarantee. */
  readonly offenders: readonly string[];
}

export interface VerifyActivities {
  /** One run. Tried again after it was cut off, it goes on after the accounts that were done. */
  runVerify(input: VerifyRunInput): Promise<VerifyOutcome>;
}

export interface VerifyActivityOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Hears of every run that came to its end. */
  readonly onFinished?: (input: VerifyRunInput, report: VerifyReport) => void;
  /** Where tests let a run be cut off: after some accounts were done. */
  readonly onProgress?: (progress: VerifyProgress) => void;
}

const HEARTBEAT_MS = 2_000;

/** Makes the verify activity over a pool and a clock. */
export function verifyActivities({
  pool,
  clock,
  onFinished,
  onProgress,
}: VerifyActivityOptions): VerifyActivities {
  return {
    async runVerify({ runId, scope }) {
      const cancelled = cancellationSignal();
      let progress = progressFrom(activityInfo().heartbeatDetails);
      await startRun(pool, runId, scope, clock());
      const timer = setInterval(() => heartbeat(progress), HEARTBEAT_MS);
      try {
        const report = await verify(pool, {
          now: clock(),
          scope,
          keepCheckpoints: true,
          ...(progress !== undefined && { resume: progress }),
          onProgress(now) {
            progress = now;
            heartbeat(progress);
            onProgress?.(progress);
          },
          onStep: () => cancelled.throwIfAborted(),
        });
        await finishRun(pool, runId, report, clock());
        onFinished?.({ runId, scope }, report);
        return outcomeOf(report);
      } finally {
        clearInterval(timer);
      }
    },
  };
}

const details = z.object({ after: z.string().nullable(), report: z.unknown() });

/** Where an attempt that was cut off had come to; from the beginning where that cannot be read. */
function progressFrom(heartbeatDetails: unknown): VerifyProgress | undefined {
  const { success, data } = details.safeParse(heartbeatDetails);
  return success ? { after: data.after, report: parseReport(data.report) } : undefined;
}

function outcomeOf({ ok, accounts, entries, usageEvents, checks }: VerifyReport): VerifyOutcome {
  const offenders = checks.flatMap(({ guarantee, offences, firstOffender }) =>
    offences === 0 ? [] : [`${guarantee}: ${firstOffender} (${offences} in all)`],
  );
  return { clean: ok, accounts, entries, usageEvents, offenders };
}
