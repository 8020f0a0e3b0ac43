// A steady load of one organization, for tests that break something under it.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { createFundedTeam, type TestCoffer } from './coffer.ts';
import type { Dice } from './soak.ts';
import { expectedCosts, postUsage, traceEvents } from './traffic.ts';

const DOLLARS = 100;

export interface Load {
  readonly accountId: string;
  /** How many events were acknowledged until now. */
  acknowledged(): number;
}

/**
 * Runs `work` while one organization sends small requests, one after the other on two connections. Expects each to be
 * accepted, the balance to be exact at the end, and everything to be posted and verified soon after it.
 */
export async function underLoad(
  { pool, url, gatewayToken, ...coffer }: TestCoffer,
  dice: Dice,
  work: (load: Load) => Promise<void>,
): Promise<void> {
  const { accountId, apiKeyIds } = await createFundedTeam(pool, DOLLARS);
  let acknowledged = 0;
  let cost = 0n;
  let over = false;
  const refused: string[] = [];
  const lane = async (): Promise<void> => {
    while (!over) {
      const events = traceEvents(dice, apiKeyIds, dice.between(1, 5));
      const results = await postUsage(url, gatewayToken, events);
      if (results === undefined) refused.push(new Date().toISOString());
      acknowledged += results?.length ?? 0;
      cost += expectedCosts(events);
      await sleep(20);
    }
  };
  const lanes = [lane(), lane()];
  try {
    await work({ accountId, acknowledged: () => acknowledged });
  } finally {
    over = true;
    await Promise.all(lanes);
  }
  expect(refused).toEqual([]);
  const expected = BigInt(DOLLARS) * 1_000_000_000n - cost;
  expect(await coffer.balance(accountId)).toBe(expected);
  await coffer.posted();
  expect(await coffer.balance(accountId)).toBe(expected);
  expect(await coffer.broken()).toEqual([]);
}
