// kill -9 of Postgres, all of its processes, at random moments of a replay.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestCoffer, type TestCoffer } from '../support/coffer.ts';
import { killDuringReplay } from '../support/replay.ts';
import { rollDice, rounds, timeLimitMs } from '../support/soak.ts';

const FEW = 2;
const dice = rollDice('postgres killed');
let coffer: TestCoffer;

beforeAll(async () => {
  coffer = await startTestCoffer({ ownPostgres: true, worker: true });
});
afterAll(async () => {
  await coffer?.stop();
});

test(
  'usage acknowledged before a kill -9 of Postgres is kept, and API and worker go on by themselves after it',
  async () => {
    const { postgres } = coffer;
    if (postgres === undefined) throw new Error('this test needs a Postgres of its own');
    for (let round = 0; round < rounds(FEW); round += 1) await killDuringReplay(coffer, postgres, dice);
    await coffer.posted();
    expect(await coffer.broken()).toEqual([]);
  },
  timeLimitMs(FEW),
);
