// Many at once: callers across one threshold, and accounts across theirs.

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { accountWorkflowId } from '../../workflows/messages.ts';
import { postAsActor, saveCard, setRule } from '../support/auto-top-up-rule.ts';
import { createFundedTeam, grant, startTestCoffer, type TestCoffer } from '../support/coffer.ts';
import { createKey, createOrganization, createPerson } from '../support/people.ts';
import { soaking } from '../support/soak.ts';
import { expectChargedOnce, untilCalm } from '../support/sponsor.ts';
import { eventOfCents, expectedCosts, postUsage } from '../support/traffic.ts';

const CALLERS = 64;
const ACCOUNTS = soaking ? 2_000 : 40;
const TIME_LIMIT_MS = soaking ? 1_200_000 : 180_000;
let coffer: TestCoffer;

beforeAll(async () => {
  coffer = await startTestCoffer({ worker: true, sandbox: true });
});
afterAll(async () => {
  await coffer?.stop();
});

test(
  '64 callers whose usage crosses the threshold at once cause one charge',
  async () => {
    const { pool, url, gatewayToken, balance } = coffer;
    const team = await createFundedTeam(pool, 11);
    const paymentMethodId = await saveCard(coffer, team.owner);
    await setRule(pool, { accountId: team.accountId, sponsorId: team.owner.personId, paymentMethodId });
    await postAsActor(pool, team.accountId);
    const events = Array.from({ length: CALLERS }, (_, i) =>
      eventOfCents(team.apiKeyIds[i % team.apiKeyIds.length] ?? '', 5),
    );
    const answers = await Promise.all(events.map((event) => postUsage(url, gatewayToken, [event])));
    expect(answers.flatMap((results) => results?.map(({ status }) => status) ?? ['unanswered'])).toEqual(
      events.map(() => 'recorded'),
    );
    await untilCalm(coffer);
    const charges = await expectChargedOnce(coffer);
    expect(charges.filter(({ accountId }) => accountId === team.accountId)).toHaveLength(1);
    expect(await balance(team.accountId)).toBe(31_000_000_000n - expectedCosts(events));
    expect(await coffer.broken()).toEqual([]);
  },
  TIME_LIMIT_MS,
);

test(
  `${ACCOUNTS} accounts that cross their thresholds within moments are each charged once, for a few signals each`,
  async () => {
    const { pool, url, gatewayToken } = coffer;
    const before = (await expectChargedOnce(coffer)).length;
    const sponsor = await createPerson(pool, 'Susan Sponsor');
    const paymentMethodId = await saveCard(coffer, sponsor);
    const accounts: { accountId: string; apiKeyId: string }[] = [];
    for (let i = 0; i < ACCOUNTS; i += 1) {
      const { accountId } = await createOrganization(pool, sponsor.personId, 'Acme');
      const { apiKeyId } = await createKey(pool, { accountId, memberId: sponsor.personId });
      await grant(pool, accountId, 11);
      await setRule(pool, { accountId, sponsorId: sponsor.personId, paymentMethodId });
      await postAsActor(pool, accountId);
      accounts.push({ accountId, apiKeyId });
    }
    // each crosses with one event and is drained further by two more, in requests that mix the accounts
    for (let times = 0; times < 3; times += 1) {
      for (let from = 0; from < ACCOUNTS; from += 100) {
        const events = accounts.slice(from, from + 100).map(({ apiKeyId }) => eventOfCents(apiKeyId, 150));
        expect(await postUsage(url, gatewayToken, events)).toHaveLength(events.length);
      }
    }
    await untilCalm(coffer, false, TIME_LIMIT_MS - 20_000);
    const charges = (await expectChargedOnce(coffer)).slice(before);
    expect(charges.map(({ accountId }) => accountId).sort()).toEqual(
      accounts.map(({ accountId }) => accountId).sort(),
    );
    const signals = await signalsPerAccount(coffer.temporalAddress, accounts.slice(0, 40));
    expect(Math.max(...signals)).toBeLessThanOrEqual(8);
    expect(await coffer.broken()).toEqual([]);
  },
  TIME_LIMIT_MS,
);

async function signalsPerAccount(
  address: string,
  accounts: readonly { readonly accountId: string }[],
): Promise<number[]> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    const counts: number[] = [];
    for (const { accountId } of accounts) {
      const { events } = await client.workflow.getHandle(accountWorkflowId(accountId)).fetchHistory();
      counts.push(events?.filter((event) => event.workflowExecutionSignaledEventAttributes).length ?? 0);
    }
    return counts;
  } finally {
    await connection.close();
  }
}
