// Actors ended by operators, and all of them lost with the database of Temporal, while usage goes on.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, test } from '@jest/globals';
import { connectActors } from '../support/actors.ts';
import { startTestCoffer, type TestCoffer } from '../support/coffer.ts';
import { underLoad } from '../support/load.ts';
import { rollDice, rounds, timeLimitMs } from '../support/soak.ts';

const FEW = 1;
const dice = rollDice('actors ended');
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
  'an actor that is terminated, cancelled or reset, also an old run, loses nothing and posts nothing twice',
  async () => {
    const actors = await connectActors(coffer.temporalAddress);
    try {
      for (let round = 0; round < rounds(FEW); round += 1) {
        await underLoad(coffer, dice, async ({ accountId }) => {
          await sleep(1_000);
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
        });
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
      await underLoad(coffer, dice, async () => {
        await sleep(dice.between(500, 1_500));
        await temporal?.kill();
        await temporal?.wipe();
        await temporal?.start();
        await sleep(dice.between(500, 1_500));
      });
    }
  },
  timeLimitMs(FEW),
);

/** An operator tries again when the actor they meant has just ended. */
async function untilDone(deed: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await deed();
    } catch (e) {
      if (Date.now() > deadline) throw e;
      await sleep(100);
    }
  }
}
