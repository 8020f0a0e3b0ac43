// kill -9 of the API at random moments of a replay.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestCoffer, type TestCoffer } from '../support/coffer.ts';
import { killDuringReplay } from '../support/replay.ts';
import { rollDice, rounds, timeLimitMs } from '../support/soak.ts';

const FEW = 3;
const dice = rollDice('api killed');
let coffer: TestCoffer;

beforeAll(async () => {
  coffer = await startTestCoffer({ worker: true });
});
afterAll(async () => {
  await coffer?.stop();
});

test(
  'usage acknowledged before a kill -9 of the API is kept, and sending everything again deducts each event once',
  async () => {
    for (let round = 0; round < rounds(FEW); round += 1) await killDuringReplay(coffer, coffer.api, dice);
    expect(await coffer.broken()).toEqual([]);
  },
  timeLimitMs(FEW),
);
