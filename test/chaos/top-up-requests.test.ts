// The same top-up asked for many times at once.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createFundedTeam, startTestCoffer, type TestCoffer } from '../support/coffer.ts';
import { payPage, requestTopUp, tokenOf } from '../support/members.ts';
import { rounds, timeLimitMs } from '../support/soak.ts';
import { expectChargedOnce, untilCalm } from '../support/sponsor.ts';

const FEW = 2;
const CALLERS = 64;
let coffer: TestCoffer;

beforeAll(async () => {
  coffer = await startTestCoffer({ worker: true, sandbox: true });
});
afterAll(async () => {
  await coffer?.stop();
});

test(
  '64 identical top-up requests with one Idempotency-Key open one Checkout session, which is credited once',
  async () => {
    for (let round = 0; round < rounds(FEW); round += 1) {
      const { accountId, member } = await createFundedTeam(coffer.pool, 1);
      const request = {
        accountId,
        token: await tokenOf(coffer, member.personId),
        dollars: 25,
        key: randomUUID(),
      };
      const sessionsBefore = await sessionsOpened(coffer);
      const answers = await Promise.all(Array.from({ length: CALLERS }, () => requestTopUp(coffer, request)));
      const [first] = answers;
      expect(first?.status).toBe(201);
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(await sessionsOpened(coffer)).toBe(sessionsBefore + 1);

      const paid = await Promise.all(Array.from({ length: 4 }, () => payPage(first?.checkoutUrl ?? '')));
      expect(paid).toContain(200);
      await untilCalm(coffer);
      expect(await coffer.balance(accountId)).toBe(26_000_000_000n);
    }
    expect(await expectChargedOnce(coffer)).toHaveLength(rounds(FEW));
    expect(await coffer.broken()).toEqual([]);
  },
  timeLimitMs(FEW),
);

async function sessionsOpened({ pool, sandboxUrl }: TestCoffer): Promise<number> {
  const response = await fetch(`${sandboxUrl}/_sandbox/state`);
  const { objects }: { objects: Record<string, number> } = JSON.parse(await response.text());
  const { rows } = await pool.query<{ n: number }>('select count(*)::int4 as n from top_ups');
  const sessions = objects['checkout.session'] ?? 0;
  if (sessions !== rows[0]?.n) throw new Error(`${sessions} sessions for ${rows[0]?.n} top-ups`);
  return sessions;
}
