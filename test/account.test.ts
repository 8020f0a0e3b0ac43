// The account actor on a real Temporal and a real Postgres: what it must not lose, double, or stop at.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { defaultPayloadConverter, RawValue } from '@temporalio/common';
import type { PostingStep } from '../activities/posting.ts';
import { postNow } from '../workflows/client.ts';
import { accountWorkflowId, standingQuery, topUpWorkflowId } from '../workflows/messages.ts';
import {
  createTestLedger,
  eventually,
  type TestActor,
  type TestLedger,
  withActor,
} from './support/account.ts';
import { connectTestTemporal, type TestTemporal } from './support/temporal.ts';

let temporal: TestTemporal;
let ledger: TestLedger;

beforeAll(async () => {
  [temporal, ledger] = await Promise.all([connectTestTemporal(), createTestLedger()]);
});
afterAll(async () => {
  await temporal?.close();
  await ledger?.close();
});

const GRANT = 1_000_000_000n;

const unreadable = {
  ...defaultPayloadConverter,
  fromPayload: <T>(): T => {
    throw new Error('only sent');
  },
  toPayload: () => ({ metadata: { encoding: Buffer.from('what/ever') }, data: Buffer.from('{') }),
};

test('a ring has everything posted that waits, in order of arrival', async () => {
  await withActor(
    temporal,
    ledger,
    { history: 'account-cold-start' },
    async ({ accountId, ring, settled, handle }) => {
      await ledger.grant(accountId, GRANT);
      await ledger.grant(accountId, -250_000_000n);
      await ring();
      await settled();
      expect(await ledger.entries(accountId)).toEqual([
        { seq: 1, type: 'grant', amount: GRANT, balanceAfter: GRANT, epoch: 1 },
        { seq: 2, type: 'grant', amount: 250_000_000n, balanceAfter: 750_000_000n, epoch: 1 },
      ]);
      const standing = await eventually(async () => {
        const answer = await handle.query(standingQuery);
        return answer.seq === 2 ? answer : undefined;
      });
      expect(standing).toMatchObject({
        epoch: 1,
        seq: 2,
        postedNanos: '750000000',
        pendingNanos: '0',
        more: false,
      });
    },
  );
});

test('a posting whose reply is lost three times is one entry', async () => {
  let lost = 0;
  const faults = {
    afterCommit: async (which: PostingStep) => {
      if (which === 'postPending' && lost++ < 3) throw new Error('the reply was lost');
    },
  };
  await withActor(
    temporal,
    ledger,
    { faults, history: 'account-lost-reply' },
    async ({ accountId, ring, temporal: client }) => {
      await ring();
      await postNow(client, accountId);
      await ledger.grant(accountId, GRANT);
      await ring();
      await postNow(client, accountId);
      expect(lost).toBeGreaterThan(3);
      expect(await ledger.entries(accountId)).toHaveLength(1);
    },
  );
});

test('a cold start whose reply is lost three times opens anew and posts nothing twice', async () => {
  let lost = 0;
  const faults = {
    afterCommit: async (which: PostingStep) => {
      if (which === 'openAccount' && lost++ < 3) throw new Error('the reply was lost');
    },
  };
  await withActor(temporal, ledger, { faults }, async ({ accountId, temporal: client }) => {
    await ledger.grant(accountId, GRANT);
    expect(await postNow(client, accountId)).toMatchObject({ seq: 1, epoch: 4, more: false });
    await ledger.grant(accountId, GRANT);
    expect(await postNow(client, accountId)).toMatchObject({ seq: 2, epoch: 4 });
    expect(await ledger.entries(accountId)).toMatchObject([{ epoch: 1 }, { epoch: 4 }]);
  });
});

test('more commands than one posting takes are all posted, each once', async () => {
  await withActor(temporal, ledger, {}, async ({ accountId, temporal: client }) => {
    await ledger.pool.query(
      `select store_command(gen_random_uuid(), $1::uuid, format('many:%s:%s', n, $1::uuid), 'grant', 1, '{}', now())
       from generate_series(1, 250) n`,
      [accountId],
    );
    const standing = await postNow(client, accountId);
    expect(standing).toMatchObject({ seq: 250, postedNanos: '250', pendingNanos: '0', more: false });
  });
});

test('an actor that is terminated in a posting loses nothing and posts nothing twice', async () => {
  const gate = slowOnce();
  await withActor(temporal, ledger, { faults: { beforeBegin: gate.pass } }, async (actor) => {
    await postNow(actor.temporal, actor.accountId);
    await ledger.grant(actor.accountId, GRANT);
    await actor.ring();
    await gate.reached;
    await actor.handle.terminate('by an operator');
    await actor.ring(); // as the sweeper would
    await actor.settled();
    gate.open();
    await ledger.grant(actor.accountId, GRANT);
    await actor.ring();
    await actor.settled();
    expect(await ledger.entries(actor.accountId)).toMatchObject([
      { seq: 1, epoch: 2 },
      { seq: 2, epoch: 2, balanceAfter: 2n * GRANT },
    ]);
  });
});

test('an actor that is terminated before its posting commits is fenced out only after it', async () => {
  const gate = slowOnce();
  await withActor(temporal, ledger, { faults: { beforeCommit: gate.pass } }, async (actor) => {
    await postNow(actor.temporal, actor.accountId);
    await ledger.grant(actor.accountId, GRANT);
    await actor.ring();
    await gate.reached;
    await actor.handle.terminate('by an operator');
    await actor.ring();
    await sleep(300);
    gate.open();
    await actor.settled();
    await ledger.grant(actor.accountId, GRANT);
    await actor.ring();
    await actor.settled();
    expect(await ledger.entries(actor.accountId)).toMatchObject([
      { seq: 1, epoch: 1 },
      { seq: 2, epoch: 2 },
    ]);
  });
});

test('an actor that is cancelled opens its account again by itself, and rings keep being answered', async () => {
  const gate = slowOnce();
  await withActor(
    temporal,
    ledger,
    { faults: { beforeBegin: gate.pass }, history: 'account-cancelled' },
    async (actor) => {
      await postNow(actor.temporal, actor.accountId);
      await ledger.grant(actor.accountId, GRANT);
      await actor.ring();
      await gate.reached;
      await actor.handle.cancel();
      await actor.settled();
      gate.open();
      await ledger.grant(actor.accountId, GRANT);
      expect(await postNow(actor.temporal, actor.accountId)).toMatchObject({ seq: 2, epoch: 2 });
      expect((await actor.handle.describe()).status.name).toBe('RUNNING');
    },
  );
});

test('an actor that is reset keeps its epoch and posts nothing twice', async () => {
  await withActor(temporal, ledger, { history: 'account-reset' }, async (actor) => {
    await fillEntries(actor, 4);
    await reset(actor, await currentRun(actor), 2);
    await ledger.grant(actor.accountId, GRANT);
    expect(await postNow(actor.temporal, actor.accountId)).toMatchObject({ seq: 5 });
    expect((await ledger.entries(actor.accountId)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });
});

test('a reset of an old run, fenced out by the run after it, opens again by itself', async () => {
  await withActor(temporal, ledger, { history: 'account-fenced-out' }, async (actor) => {
    await fillEntries(actor, 2);
    const old = await currentRun(actor);
    await actor.handle.terminate('by an operator');
    await fillEntries(actor, 2);
    await reset(actor, old, 2);
    await ledger.grant(actor.accountId, GRANT);
    expect(await postNow(actor.temporal, actor.accountId)).toMatchObject({
      seq: 5,
      postedNanos: String(5n * GRANT),
    });
    await ledger.grant(actor.accountId, GRANT);
    expect(await postNow(actor.temporal, actor.accountId)).toMatchObject({ epoch: 3, seq: 6 });
  });
});

test.each([{ maxCachedWorkflows: 50 }, { maxCachedWorkflows: 0 }])(
  'four callers who want everything posted are answered over many rolls (%o)',
  async ({ maxCachedWorkflows }) => {
    await withActor(temporal, ledger, { rollAtEvents: 40, maxCachedWorkflows }, async (actor) => {
      await actor.ring();
      const first = await currentRun(actor);
      const rounds = maxCachedWorkflows === 0 ? 5 : 20;
      await Promise.all(
        [1, 2, 3, 4].map(async () => {
          for (let round = 0; round < rounds; round++) {
            const key = await ledger.grant(actor.accountId, GRANT);
            await postNow(actor.temporal, actor.accountId);
            const { rows } = await ledger.pool.query('select state from ledger_commands where key = $1', [
              key,
            ]);
            expect(rows).toEqual([{ state: 'posted' }]);
          }
        }),
      );
      expect(await currentRun(actor)).not.toBe(first);
      const { epoch, posted, pending } = await ledger.balanceRow(actor.accountId);
      expect({ epoch, posted, pending }).toEqual({
        epoch: 1,
        posted: BigInt(4 * rounds) * GRANT,
        pending: 0n,
      });
    });
  },
);

test('rings that come while an actor rolls are kept', async () => {
  await withActor(temporal, ledger, { rollAtEvents: 30, history: 'account-roll' }, async (actor) => {
    for (let n = 0; n < 60; n++) {
      await ledger.grant(actor.accountId, GRANT);
      await actor.ring();
    }
    expect(await actor.settled()).toMatchObject({ postedNanos: String(60n * GRANT), pendingNanos: '0' });
  });
});

test('a top-up that is due is started once, and outlives rolls, cancellation and the end of the actor', async () => {
  await withActor(temporal, ledger, { rollAtEvents: 30, history: 'account-top-up' }, async (actor) => {
    await ledger.enableAutoTopUp(actor.accountId, { thresholdNanos: 10n * GRANT, amountNanos: 20n * GRANT });
    await actor.ring();
    const { topUpInFlight } = await postNow(actor.temporal, actor.accountId);
    if (topUpInFlight === null) throw new Error('no top-up was opened');
    const topUp = temporal.client.workflow.getHandle(topUpWorkflowId(topUpInFlight));
    const started = await eventually(() => topUp.describe().catch(() => undefined));
    try {
      expect((await actor.handle.describe()).searchAttributes['AccountState']).toEqual(['topping_up']);
      await fillEntries(actor, 6);
      await actor.handle.cancel();
      await eventually(async () =>
        (await ledger.balanceRow(actor.accountId)).epoch === 2 ? true : undefined,
      );
      await fillEntries(actor, 1);
      await actor.handle.terminate('by an operator');
      const now = await topUp.describe();
      expect({ runId: now.runId, status: now.status.name }).toEqual({
        runId: started.runId,
        status: 'RUNNING',
      });
      expect(now.searchAttributes['AccountId']).toEqual([actor.accountId]);
      expect(now.searchAttributes['OrganizationId']).toEqual([expect.any(String)]);
    } finally {
      await topUp.terminate('end of the test');
    }
  });
});

test('an operator finds the account and reads its balance in the actor', async () => {
  await withActor(temporal, ledger, {}, async (actor) => {
    await ledger.grant(actor.accountId, -GRANT);
    await postNow(actor.temporal, actor.accountId);
    const { typedSearchAttributes } = await actor.handle.describe();
    const found = Object.fromEntries(
      typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
    );
    expect(found).toMatchObject({ AccountId: actor.accountId, AccountState: 'overdrawn' });
    expect(found['OrganizationId']).toEqual(expect.any(String));
    const shown = await actor.handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(shown.currentDetails).toContain('**Balance -1.00** · overdrawn');
    await ledger.grant(actor.accountId, 2n * GRANT);
    await postNow(actor.temporal, actor.accountId);
    const after = await actor.handle.describe();
    expect(after.searchAttributes['AccountState']).toEqual(['ok']);
  });
});

test.each<[string, unknown[]]>([
  ['nothing', []],
  ['text', ['rubbish']],
  ['a request id that Postgres cannot take', [{ reason: 'interval', requestId: 'a\0b' }]],
  ['a request id that is a list', [{ requestId: ['x'] }]],
  ['an encoding that nobody knows', [new RawValue(1, unreadable)]],
])('a ring sent by hand with %s is a ring, and the next one is answered too', async (_what, args) => {
  await withActor(temporal, ledger, {}, async ({ accountId, temporal: client, handle, settled }) => {
    await postNow(client, accountId);
    await ledger.grant(accountId, GRANT);
    await handle.signal('usageRecorded', ...args);
    await settled();
    expect(await postNow(client, accountId)).toMatchObject({ seq: 1, epoch: 1 });
  });
});

test.each([
  ['account', 'UnknownAccount'],
  ['topUp', 'UnknownTopUp'],
])(
  'a workflow %s that is started by hand for nothing that exists fails and says so',
  async (type, failure) => {
    await withActor(temporal, ledger, {}, async ({ temporal: client }) => {
      for (const args of [[], ['x'], [{ accountId: 'x', topUpId: 'x' }]]) {
        const start = { workflowId: `by-hand/${randomUUID()}`, taskQueue: client.taskQueue, args };
        await expect(client.client.workflow.execute(type, start)).rejects.toMatchObject({
          cause: { type: failure },
        });
      }
    });
  },
);

test('an actor without an account fails and says so', async () => {
  await withActor(temporal, ledger, {}, async ({ temporal: client }) => {
    const nobody = '01890000-0000-7000-8000-000000000000';
    await client.client.workflow.start('account', {
      workflowId: accountWorkflowId(nobody),
      taskQueue: client.taskQueue,
      args: [{ accountId: nobody }],
    });
    await expect(client.client.workflow.result(accountWorkflowId(nobody))).rejects.toMatchObject({
      cause: { cause: { type: 'UnknownAccount' } },
    });
  });
});

/** A place where the first posting after a cold start waits until it is opened. */
function slowOnce() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let arrive = () => {};
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  let first = true;
  const pass = async (which: PostingStep) => {
    if (!first || which === 'openAccount') return;
    first = false;
    arrive();
    await opened;
  };
  return { reached, open: () => open(), pass };
}

async function fillEntries(actor: TestActor, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await ledger.grant(actor.accountId, GRANT);
    await postNow(actor.temporal, actor.accountId);
  }
}

async function currentRun(actor: TestActor): Promise<string> {
  return (await actor.handle.describe()).runId;
}

/** Resets a run of the actor to the `nth` of its completed workflow tasks, as an operator does. */
async function reset(actor: TestActor, runId: string, nth: number): Promise<void> {
  const workflowExecution = { workflowId: accountWorkflowId(actor.accountId), runId };
  const history = await temporal.client.workflow
    .getHandle(workflowExecution.workflowId, runId)
    .fetchHistory();
  const completed = (history.events ?? []).filter(
    (event) => event.workflowTaskCompletedEventAttributes != null,
  );
  const eventId = completed[nth]?.eventId;
  if (eventId == null) throw new Error(`the run has no task ${nth}`);
  await temporal.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution,
    reason: 'by an operator',
    requestId: `${runId}-${nth}`,
    workflowTaskFinishEventId: eventId,
  });
}
