// What an operator can do to an account's actor, for tests that do it.
import { Client, Connection } from '@temporalio/client';
import { v4 as uuidv4 } from 'uuid';
import { accountWorkflowId } from '../../workflows/messages.ts';

export interface Actors {
  terminate(accountId: string): Promise<void>;
  cancel(accountId: string): Promise<void>;
  /** Resets to the first workflow task: the newest run, or the oldest one that the server still knows. */
  reset(accountId: string, run?: 'newest' | 'oldest'): Promise<void>;
  close(): Promise<void>;
}

/** Connects to a server as an operator does. */
export async function connectActors(address: string): Promise<Actors> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  return {
    async terminate(accountId) {
      await client.workflow.getHandle(accountWorkflowId(accountId)).terminate('by the test');
    },
    async cancel(accountId) {
      await client.workflow.getHandle(accountWorkflowId(accountId)).cancel();
    },
    async reset(accountId, run = 'newest') {
      const workflowId = accountWorkflowId(accountId);
      for (const runId of await runsOf(client, workflowId, run)) {
        const eventId = await firstTaskCompleted(client, workflowId, runId);
        if (eventId === undefined) continue;
        await client.workflowService.resetWorkflowExecution({
          namespace: 'default',
          workflowExecution: { workflowId, runId },
          reason: 'by the test',
          workflowTaskFinishEventId: eventId,
          requestId: uuidv4(),
        });
        return;
      }
      throw new Error(`no run of ${workflowId} has completed a workflow task`);
    },
    close: () => connection.close(),
  };
}

async function runsOf(client: Client, workflowId: string, first: 'newest' | 'oldest'): Promise<string[]> {
  const runs: { startTime: Date; runId: string }[] = [];
  for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs.push(run);
  runs.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
  if (first === 'newest') runs.reverse();
  return runs.map(({ runId }) => runId);
}

async function firstTaskCompleted(client: Client, workflowId: string, runId: string) {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId ?? undefined;
}
