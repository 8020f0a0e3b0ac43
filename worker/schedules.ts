// Schedules: what the worker has Temporal start by the clock. Set at start, and put back should they be gone.
import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleAlreadyRunning, type ScheduleOptions } from '@temporalio/client';
import type { Logger } from 'pino';
import type { TemporalClient } from '../workflows/client.ts';
import { VERIFY_WORKFLOW, type VerifyInput, verifyWorkflowId } from '../workflows/messages.ts';

const LOOK_AGAIN_MS = 5 * 60_000;
const TRY_AGAIN_MS = 2_000;
const DEADLINE_MS = 5_000;

/** Every schedule of a deployment: verify since its checkpoints each hour, and in full each night. */
export function schedulesOf(taskQueue: string): ScheduleOptions[] {
  return [
    verifySchedule(taskQueue, 'since-checkpoint', '23 * * * *'),
    verifySchedule(taskQueue, 'full', '41 2 * * *'),
  ];
}

function verifySchedule(taskQueue: string, scope: VerifyInput['scope'], cron: string): ScheduleOptions {
  const input: VerifyInput = { scope };
  return {
    scheduleId: `${taskQueue}/verify/${scope}`,
    spec: { cronExpressions: [cron] },
    action: {
      type: 'startWorkflow',
      workflowType: VERIFY_WORKFLOW,
      workflowId: verifyWorkflowId(taskQueue, scope),
      taskQueue,
      args: [input],
    },
    policies: { overlap: 'SKIP', catchupWindow: '1h' },
  };
}

/**
 * Sets the schedules as this version wants them, waiting for Temporal as long as it takes, and from then on looks
 * every few minutes that they are there: they live in Temporal alone, whose database may be replaced.
 */
export function keepSchedules(
  temporal: TemporalClient,
  logger: Pick<Logger, 'warn'>,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  const keep = async () => {
    for (let mayChange = true; !stopping.signal.aborted; ) {
      try {
        await setSchedules(temporal, schedulesOf(temporal.taskQueue), mayChange);
        mayChange = false;
        await pause(LOOK_AGAIN_MS);
      } catch (error) {
        logger.warn({ err: error }, 'schedules could not be set, trying again');
        await pause(TRY_AGAIN_MS);
      }
    }
  };
  const ended = keep();
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

/** Makes the schedules that are missing and, if it may, changes those that are there; whether one is paused stays. */
export async function setSchedules(
  { client }: Pick<TemporalClient, 'client'>,
  schedules: readonly ScheduleOptions[],
  mayChange: boolean,
): Promise<void> {
  await client.withDeadline(Date.now() + DEADLINE_MS, async () => {
    for (const schedule of schedules) {
      try {
        await client.schedule.create(schedule);
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error;
        if (mayChange) await change(client, schedule);
      }
    }
  });
}

async function change(client: TemporalClient['client'], schedule: ScheduleOptions): Promise<void> {
  const { scheduleId, spec, policies } = schedule;
  await client.schedule.getHandle(scheduleId).update(({ state, action }) => ({
    spec,
    state,
    action: { ...action, ...schedule.action },
    ...(policies !== undefined && { policies }),
  }));
}
