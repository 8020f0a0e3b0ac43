// A reader that looks at a balance all the time while usage and credit come in.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createFundedTeam, grant, startTestCoffer, type TestCoffer } from '../support/coffer.ts';
import { rollDice, rounds, timeLimitMs } from '../support/soak.ts';
import { expectedCosts, postUsage, requestsOf, type TestEvent, traceEvents } from '../support/traffic.ts';

const FEW = 2;
const EVENTS = 4_000;
const dice = rollDice('reader');
let coffer: TestCoffer;

beforeAll(async () => {
  coffer = await startTestCoffer({ worker: true, environment: { SETTLEMENT_INTERVAL_MS: '200' } });
});
afterAll(async () => {
  await coffer?.stop();
});

test(
  'a balance read during load counts everything acknowledged and nothing that was not sent',
  async () => {
    for (let round = 0; round < rounds(FEW); round += 1) {
      const { reads, wrong, left } = await readDuringLoad(coffer);
      expect(wrong).toEqual([]);
      expect(reads).toBeGreaterThan(20);
      expect(left).toBe(0n);
    }
    expect(await coffer.broken()).toEqual([]);
  },
  timeLimitMs(FEW),
);

async function readDuringLoad({ pool, url, gatewayToken, balance }: TestCoffer) {
  const team = await createFundedTeam(pool, 5);
  const credit = { sent: 5_000_000_000n, acknowledged: 5_000_000_000n };
  const cost = { sent: 0n, acknowledged: 0n };
  let over = false;

  const send = async (requests: readonly TestEvent[][]): Promise<void> => {
    for (const request of requests) {
      const sum = expectedCosts(request);
      cost.sent += sum;
      if ((await postUsage(url, gatewayToken, request)) === undefined) throw new Error('usage was refused');
      cost.acknowledged += sum;
    }
  };
  const giveCredit = async (): Promise<void> => {
    for (; !over; await sleep(dice.between(20, 80))) {
      credit.sent += 1_000_000_000n;
      await grant(pool, team.accountId, 1);
      credit.acknowledged += 1_000_000_000n;
    }
  };
  let reads = 0;
  const wrong: string[] = [];
  const read = async (): Promise<void> => {
    while (!over) {
      const most = { cost: cost.acknowledged };
      const least = { credit: credit.acknowledged };
      const seen = await balance(team.accountId);
      reads += 1;
      if (seen < least.credit - cost.sent || seen > credit.sent - most.cost) {
        wrong.push(`${seen} is not within ${least.credit} − ${cost.sent} … ${credit.sent} − ${most.cost}`);
      }
    }
  };

  const readers = [read(), read(), giveCredit()];
  try {
    await Promise.all(
      Array.from({ length: 8 }, () =>
        send(requestsOf(dice, traceEvents(dice, team.apiKeyIds, EVENTS / 8), 20)),
      ),
    );
  } finally {
    over = true;
    await Promise.all(readers);
  }
  const left = (await balance(team.accountId)) - (credit.acknowledged - cost.acknowledged);
  return { reads, wrong, left };
}
