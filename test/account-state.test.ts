// The actor's memory: its transitions and what operators read of it, without Temporal.
import { expect, test } from '@jest/globals';
import type { Standing } from '../ledger/posting.ts';
import * as states from '../workflows/account-state.ts';

const dollars = (amount: number) => String(BigInt(amount) * 1_000_000_000n);

function standing(changes: Partial<Standing> = {}): Standing {
  return {
    epoch: 3,
    seq: 12,
    postedNanos: dollars(50),
    pendingNanos: '0',
    heldNanos: '0',
    state: 'open',
    more: false,
    topUpInFlight: null,
    thresholdNanos: dollars(10),
    decision: 'none',
    reason: 'above-threshold',
    ...changes,
  };
}

function after(changes: Partial<Standing>, commandsRefused = 0): states.AccountState {
  return states.posted(states.opening(), { standing: standing(changes), entriesWritten: 1, commandsRefused });
}

test.each<[Partial<Standing>, states.AccountCondition]>([
  [{}, 'ok'],
  [{ pendingNanos: dollars(-40) }, 'ok'],
  [{ pendingNanos: dollars(-41) }, 'low'],
  [{ pendingNanos: dollars(-51) }, 'overdrawn'],
  [{ pendingNanos: dollars(-51), thresholdNanos: null }, 'overdrawn'],
  [
    { pendingNanos: dollars(-41), topUpInFlight: 'a', decision: 'charge', reason: 'below-threshold' },
    'topping_up',
  ],
  [{ pendingNanos: dollars(-41), decision: 'skipped', reason: 'cap-reached' }, 'attention'],
  [{ decision: 'none', reason: 'card-declined' }, 'attention'],
  [{ pendingNanos: dollars(-41), decision: 'suspended', reason: 'hard' }, 'attention'],
  [{ decision: 'suspended', reason: 'hard' }, 'ok'],
  [{ state: 'frozen', topUpInFlight: 'a' }, 'frozen'],
  [{ state: 'closed' }, 'frozen'],
])('%j is shown as %s', (changes, shown) => {
  expect(states.condition(after(changes))).toBe(shown);
});

test('a command that the database refused asks for attention until the account is opened anew', () => {
  const refused = after({}, 1);
  expect(states.condition(refused)).toBe('attention');
  expect(
    states.condition(states.posted(refused, { standing: standing(), entriesWritten: 1, commandsRefused: 0 })),
  ).toBe('attention');
  expect(states.condition(after({}))).toBe('ok');
});

test('a ring during a posting, and more than one posting takes, keep work waiting', () => {
  const posting = states.postingBegun(states.opening());
  expect(posting.workWaiting).toBe(false);
  const result = { standing: standing(), entriesWritten: 1, commandsRefused: 0 };
  expect(states.posted(posting, result).workWaiting).toBe(false);
  expect(states.posted(states.rung(posting), result).workWaiting).toBe(true);
  expect(states.posted(posting, { ...result, standing: standing({ more: true }) }).workWaiting).toBe(true);
});

test('what is carried over is plain JSON', () => {
  const state = after({ topUpInFlight: 'a' });
  expect(JSON.parse(JSON.stringify(state))).toEqual(state);
});

test('an operator reads balance, pending, threshold, the last decision and why', () => {
  const text = states.details(
    after({ pendingNanos: '-41000000001', decision: 'skipped', reason: 'cap-reached', topUpInFlight: null }),
  );
  expect(text).toContain('**Balance 8.999999999** · attention · account open');
  expect(text).toContain('| Pending | -41.000000001 |');
  expect(text).toContain('| Auto top-up below | 10.00 |');
  expect(text).toContain('**Last decision:** no top-up, although one is needed, because: cap reached');
});
