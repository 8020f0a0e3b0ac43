// Temporal away while usage goes on and payments are made.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postAsActor, saveCard, setRule } from '../support/auto-top-up-rule.ts';
import { createFundedTeam, startTestCoffer, type TestCoffer } from '../support/coffer.ts';
import { underLoad } from '../support/load.ts';
import { payPage, requestTopUp, tokenOf } from '../support/members.ts';
import { rollDice, rounds, soaking, timeLimitMs } from '../support/soak.ts';
import { expectChargedOnce, untilCalm } from '../support/sponsor.ts';
import { eventOfCents, expectedCost, postUsage } from '../support/traffic.ts';

const FEW = 1;
const AWAY_MS = soaking ? 60_000 : 4_000;
const dice = rollDice('temporal killed');
let coffer: TestCoffer;

beforeAll(async () => {
  coffer = await startTestCoffer({
    ownTemporal: true,
    worker: true,
    sandbox: true,
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
      await underLoad(coffer, dice, async (load) => {
        await sleep(dice.between(200, 1_500));
        await temporal?.kill();
        await sleep(AWAY_MS);
        const whileAway = load.acknowledged();
        await temporal?.start();
        await sleep(dice.between(200, 1_500));
        expect(whileAway).toBeGreaterThan(AWAY_MS / 200);
      });
    }
  },
  timeLimitMs(FEW),
);

test(
  'while Temporal is away a payment counts at once, and the top-up of a threshold crossed meanwhile fires once it is back',
  async () => {
    const { temporal, pool, url, gatewayToken } = coffer;
    for (let round = 0; round < rounds(FEW); round += 1) {
      const { accountId, owner, member, apiKeyIds } = await createFundedTeam(pool, 11);
      const paymentMethodId = await saveCard(coffer, owner);
      await setRule(pool, { accountId, sponsorId: owner.personId, paymentMethodId });
      await postAsActor(pool, accountId);
      const charges = (await expectChargedOnce(coffer)).length;

      await temporal?.kill();
      const token = await tokenOf(coffer, member.personId);
      const { status, checkoutUrl } = await requestTopUp(coffer, {
        accountId,
        token,
        dollars: 5,
        key: 'once',
      });
      expect(status).toBe(201);
      expect(await payPage(checkoutUrl)).toBe(200);
      expect(await coffer.balance(accountId)).toBe(16_000_000_000n);
      const event = eventOfCents(dice.pick(apiKeyIds), 700);
      expect(await postUsage(url, gatewayToken, [event])).toHaveLength(1);
      expect(await coffer.balance(accountId)).toBe(16_000_000_000n - expectedCost(event));
      await temporal?.start();

      await untilCalm(coffer);
      expect(await coffer.balance(accountId)).toBe(36_000_000_000n - expectedCost(event));
      expect(await expectChargedOnce(coffer)).toHaveLength(charges + 2);
      expect(await coffer.broken()).toEqual([]);
    }
  },
  timeLimitMs(FEW),
);
