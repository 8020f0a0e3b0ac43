// Every recorded history replays on today's workflows: a change that would wedge running actors fails here.
import { expect, test } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { readHistory, recordedHistories } from './support/histories.ts';
import { workflowBundle } from './support/temporal.ts';

const histories = await recordedHistories();
Runtime.install({ logger: new DefaultLogger('ERROR') });

test.each(histories)('%s replays', async (name) => {
  await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, await readHistory(name));
});

test('there are histories of a cold start, a roll, a lost reply, a reset, a fence, a cancellation and a top-up', () => {
  const names = new Set(histories.map((name) => name.replace(/-\d+\.json$/, '')));
  for (const name of ['cold-start', 'roll', 'lost-reply', 'reset', 'fenced-out', 'cancelled', 'top-up']) {
    expect(names).toContain(`account-${name}`);
  }
});
