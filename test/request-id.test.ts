// Request ids: the request whose usage crossed a threshold is named by the ring, the top-up, and the credit it led to.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { accountWorkflowId } from '../workflows/messages.ts';
import { postAsActor, saveCard, setRule } from './support/auto-top-up-rule.ts';
import { createFundedTeam, startTestCoffer, type TestCoffer } from './support/coffer.ts';
import { tokenOf } from './support/members.ts';
import { untilCalm } from './support/sponsor.ts';
import { eventOfCents } from './support/traffic.ts';

let coffer: TestCoffer;

beforeAll(async () => {
  coffer = await startTestCoffer({ worker: true, sandbox: true });
});
afterAll(async () => {
  await coffer?.stop();
});

test('the request that crossed a threshold is named from its answer to the credit', async () => {
  const { pool, url, gatewayToken } = coffer;
  const team = await createFundedTeam(pool, 11);
  const paymentMethodId = await saveCard(coffer, team.owner);
  await setRule(pool, { accountId: team.accountId, sponsorId: team.owner.personId, paymentMethodId });
  await postAsActor(pool, team.accountId);
  const requestId = 'request-from-a-proxy';
  const answer = await fetch(`${url}/v1/usage`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${gatewayToken}`,
      'content-type': 'application/json',
      'x-request-id': requestId,
    },
    body: JSON.stringify(eventOfCents(team.apiKeyIds[0] ?? '', 150)),
  });
  expect(answer.headers.get('x-request-id')).toBe(requestId);
  await untilCalm(coffer);

  const { rows: topUps } = await pool.query('select request_id from top_ups where account_id = $1', [
    team.accountId,
  ]);
  expect(topUps).toEqual([{ request_id: requestId }]);
  const { rows: entries } = await pool.query(
    `select c.details ->> 'requestId' as request from entries e join ledger_commands c on c.id = e.command_id
     where e.account_id = $1 and e.type = 'top-up'`,
    [team.accountId],
  );
  expect(entries).toEqual([{ request: requestId }]);

  const { signals, details } = await actorOf(team.accountId);
  expect(signals).toContain(requestId);
  expect(details).toContain('Balance');
});

test('the request that set a rule is named by the charge that it makes at once', async () => {
  const { pool, url } = coffer;
  const team = await createFundedTeam(pool, 5);
  await postAsActor(pool, team.accountId);
  const paymentMethodId = await saveCard(coffer, team.owner);
  const requestId = 'request-that-set-a-rule';
  const answer = await fetch(`${url}/v1/accounts/${team.accountId}/auto-top-up`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${await tokenOf(coffer, team.owner.personId)}`,
      'content-type': 'application/json',
      'x-request-id': requestId,
    },
    body: JSON.stringify({ threshold: '10.00', amount: '20.00', monthlyCap: '200.00', paymentMethodId }),
  });
  expect([answer.status, await answer.json()]).toMatchObject([200, { state: 'enabled' }]);
  await untilCalm(coffer);
  const { rows } = await pool.query('select request_id from top_ups where account_id = $1', [team.accountId]);
  expect(rows).toEqual([{ request_id: requestId }]);
});

/** The requests that the actor's rings named, and what an operator reads of the actor. */
async function actorOf(accountId: string) {
  const connection = await Connection.connect({ address: coffer.temporalAddress });
  try {
    const handle = new Client({ connection }).workflow.getHandle(accountWorkflowId(accountId));
    const { events } = await handle.fetchHistory();
    const signals = (events ?? []).flatMap((event) =>
      (event.workflowExecutionSignaledEventAttributes?.input?.payloads ?? []).map((payload) => {
        const ring: { requestId?: string } = JSON.parse(Buffer.from(payload.data ?? []).toString());
        return ring.requestId;
      }),
    );
    const shown = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    return { signals, details: shown.currentDetails };
  } finally {
    await connection.close();
  }
}
