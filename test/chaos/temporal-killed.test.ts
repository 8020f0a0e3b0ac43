// Temporal away, wiped, and its actors ended by operators, while usage goes on.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectActors } from '../support/actors.ts';
import { createFundedTeam, type FundedTeam, startTestCoffer, type TestCoffer } from '../support/coffer.ts';
import { rollDice, rounds, soaking, timeLimitMs } from '../support/soak.ts';
import { expectedCosts, postUsage, traceEvents } from '../support/traffic.ts';

const FEW = 1;
const AWAY_MS = soaking ? 60_000 : 6_000;
const DOLLARS = 100;
const dice = rollDice('temporal killed');
let coffer: TestCoffer;

beforeAll(async () => {
  coffer = await startTestCoffer({
    ownTemporal: true,
    worker: true,
    environment: { SETTLEMENT_INTERVAL_MS: '500', SWEEP_INTERVAL_MS: '250' },
  });
});
afterAll(async () => {
  await coffer?.stop();
});

test(
  'while Temporal is away usage is accepted and balances are exact, and everything is posted once it is back',
  async () => {
    const { temporal } = coffer;
    for (let round = 0; round < rounds(FEW); round += 1) {
      const traffic = await startTraffic(coffer);
      await sleep(dice.between(200, 1_500));
      await temporal?.kill();
      await sleep(AWAY_MS);
      const whileAway = traffic.acknowledged();
      await temporal?.start();
      await sleep(dice.between(200, 1_500));
      expect(whileAway).toBeGreaterThan(AWAY_MS / 200);
      await traffic.endExact();
    }
  },
  timeLimitMs(FEW),
);

test(
  'an actor that is terminated, cancelled or reset, also an old run, loses nothing and posts nothing twice',
  async () => {
    const actors = await connectActors(coffer.temporalAddress);
    try {
      for (let round = 0; round < rounds(FEW); round += 1) {
        const traffic = await startTraffic(coffer);
        await sleep(1_000);
        const { accountId } = traffic.team;
        const deeds = [
          () => actors.terminate(accountId),
          () => actors.cancel(accountId),
          () => actors.reset(accountId),
          () => actors.reset(accountId, 'oldest'),
        ];
        for (const deed of dice.shuffled([...deeds, ...deeds])) {
          await untilDone(deed);
          await sleep(dice.between(0, 700));
        }
        await traffic.endExact();
      }
    } finally {
      await actors.close();
    }
  },
  timeLimitMs(FEW),
);

test(
  'when the whole database of Temporal is lost, work goes on with actors that open anew',
  async () => {
    const { temporal } = coffer;
    for (let round = 0; round < rounds(FEW); round += 1) {
      const traffic = await startTraffic(coffer);
      await sleep(dice.between(500, 1_500));
      await temporal?.kill();
      await temporal?.wipe();
      await temporal?.start();
      await sleep(dice.between(500, 1_500));
      await traffic.endExact();
    }
  },
  timeLimitMs(FEW),
);

interface Traffic {
  readonly team: FundedTeam;
  acknowledged(): number;
  /** Ends it, and expects the balance to be exact at once, and everything posted and verified soon. */
  endExact(): Promise<void>;
}

/** Small requests of one organization, one after the other on two connections, until it is told to end. */
async function startTraffic({ pool, url, gatewayToken, ...coffer }: TestCoffer): Promise<Traffic> {
  const team = await createFundedTeam(pool, DOLLARS);
  let acknowledged = 0;
  let cost = 0n;
  let over = false;
  const refused: number[] = [];
  const lane = async (): Promise<void> => {
    while (!over) {
      const events = traceEvents(dice, team.apiKeyIds, dice.between(1, 5));
      const results = await postUsage(url, gatewayToken, events);
      if (results === undefined) refused.push(events.length);
      acknowledged += results?.length ?? 0;
      cost += expectedCosts(events);
      await sleep(20);
    }
  };
  const lanes = [lane(), lane()];
  return {
    team,
    acknowledged: () => acknowledged,
    async endExact() {
      over = true;
      await Promise.all(lanes);
      expect(refused).toEqual([]);
      const expected = BigInt(DOLLARS) * 1_000_000_000n - cost;
      expect(await coffer.balance(team.accountId)).toBe(expected);
      await coffer.posted();
      expect(await coffer.balance(team.accountId)).toBe(expected);
      expect(await coffer.broken()).toEqual([]);
    },
  };
}

/** An operator tries again when the actor they meant has just ended. */
async function untilDone(deed: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    try {
      return await deed();
    } catch (e) {
      if (Date.now() > deadline) throw e;
      await sleep(100);
    }
  }
}
