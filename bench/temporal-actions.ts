// Temporal actions of an account's actor, counted in its histories: what a hosted Temporal would bill.
import { Client, Connection } from '@temporalio/client';
import { accountWorkflowId } from '../workflows/messages.ts';

const ACTIONS = [
  'workflowExecutionStartedEventAttributes',
  'workflowExecutionSignaledEventAttributes',
  'workflowExecutionUpdateAcceptedEventAttributes',
  'activityTaskScheduledEventAttributes',
  'timerStartedEventAttributes',
  'upsertWorkflowSearchAttributesEventAttributes',
  'workflowExecutionContinuedAsNewEventAttributes',
] as const;

/** Starts, signals, updates, activities, timers and changes of search attributes, over all runs so far. */
export async function countActions(address: string, accountId: string): Promise<number> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    const workflowId = accountWorkflowId(accountId);
    let actions = 0;
    for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
      const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      for (const event of events ?? []) if (ACTIONS.some((name) => event[name] != null)) actions += 1;
    }
    return actions;
  } finally {
    await connection.close();
  }
}
