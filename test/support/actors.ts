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
      const runId = run === 'newest' ? '' : await oldestRun(client, workflowId);
      await client.workflowService.resetWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId, runId },
        reason: 'by the test',
        // the completion of the first workflow task: 1 started, 2 scheduled, 3 started, 4 completed; a signal that
        // came with the start moves it by one
        workflowTaskFinishEventId: await firstTaskCompleted(client, workflowId, runId),
        requestId: uuidv4(),
      });
    },
    close: () => connection.close(),
  };
}

async function oldestRun(client: Client, workflowId: string): Promise<string> {
  let oldest = { startTime: new Date(), runId: '' };
  for await (const { startTime, runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    if (startTime < oldest.startTime) oldest = { startTime, runId };
  }
  return oldest.runId;
}

async function firstTaskCompleted(client: Client, workflowId: string, runId: string) {
  const { events } = await client.workflow.getHandle(workflowId, runId || undefined).fetchHistory();
  const completed = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  if (completed?.eventId === undefined || completed.eventId === null) {
    throw new Error(`${workflowId} has not completed a workflow task`);
  }
  return completed.eventId;
}
