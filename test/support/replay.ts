// One replay that is cut off by a kill -9 at a random moment, sent again as a whole, and compared with its own sum.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { createFundedTeam, missingEvents, type TestCoffer, untilCount } from './coffer.ts';
import type { TestProcess } from './processes.ts';
import { type Dice, until } from './soak.ts';
import { expectedCosts, requestsOf, sendAll, type TestEvent, traceEvents } from './traffic.ts';

const EVENTS = 2_000;
const GRANT_DOLLARS = 100;

/** Kills `victim` during a replay over three keys, starts it again, and expects the balance to be exact after all. */
export async function killDuringReplay(coffer: TestCoffer, victim: TestProcess, dice: Dice): Promise<void> {
  const { pool, url, gatewayToken } = coffer;
  const team = await createFundedTeam(pool, GRANT_DOLLARS);
  const events = traceEvents(dice, team.apiKeyIds, EVENTS);
  const requests = requestsOf(dice, events);
  const acknowledged: TestEvent[] = [];
  let answers = 0;
  let killed = false;
  const replay = sendAll(
    url,
    gatewayToken,
    requests,
    (request, results) => {
      answers += 1;
      if (results !== undefined) acknowledged.push(...request);
    },
    { stop: () => killed },
  );
  await untilCount(
    () => answers,
    dice.between(0, requests.length - 5),
    () => killed,
  );
  await sleep(dice.between(0, 15));
  await victim.kill();
  killed = true;
  await replay;

  await victim.start();
  await untilReady(url);
  expect(await missingEvents(pool, team.accountId, acknowledged)).toEqual([]);
  const statuses = new Set<string>();
  await sendAll(url, gatewayToken, requests, (_request, results) => {
    for (const { status } of results ?? [{ status: 'unanswered' }]) statuses.add(status);
  });
  expect([...statuses].filter((status) => status !== 'recorded' && status !== 'duplicate')).toEqual([]);
  expect(await coffer.balance(team.accountId)).toBe(
    BigInt(GRANT_DOLLARS) * 1_000_000_000n - expectedCosts(events),
  );
}

/** An API whose database was away takes usage again by itself. */
async function untilReady(url: string): Promise<void> {
  await until(
    'the API to be ready',
    async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200,
  );
}
