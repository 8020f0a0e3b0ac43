// A Temporal server whose clock jumps over sleeps: for workflows that wait hours between two tries.
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { SEARCH_ATTRIBUTES } from '../../dev/temporal.ts';
import { temporalTestServer } from '../../dev/temporal-cli.ts';

/** Starts one for a test file; its `teardown()` ends it. Install the Runtime's logger before. */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = await temporalTestServer();
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  const KEYWORD = 2;
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD])),
  });
  return environment;
}
