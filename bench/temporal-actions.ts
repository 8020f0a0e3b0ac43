// Temporal actions of an account's actor, counted in its histories: what a hosted Temporal would bill.
import { accountWorkflowId } from '../workflows/messages.ts';
import { withTemporal } from './temporal-client.ts';

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
  return await withTemporal(address, async (client) => {
    const workflowId = accountWorkflowId(accountId);
    let actions = 0;
    for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
      const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      for (const event of events ?? []) if (ACTIONS.some((name) => event[name] != null)) actions += 1;
    }
    return actions;
  });
}
