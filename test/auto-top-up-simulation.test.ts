// A rule tried on the past: the same arithmetic as the database's, one charge per crossing, for those who may set rules.
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { formatDollars, nanos, nanosFromString, parseDollars } from '../ledger/money.ts';
import { refillOf } from '../ledger/payments/refill.ts';
import type { RuleTerms } from '../ledger/payments/rules.ts';
import { type BalancePast, simulateRule } from '../ledger/payments/simulation.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import {
  createGatewayToken,
  createKey,
  createTeam,
  createTestAuth,
  signIn,
  type TestOrganization,
} from './support/people.ts';
import { createPrice, sendUsage } from './support/reading-usage.ts';

const DAY_MS = 86_400_000;
const NOON = new Date('2026-03-05T12:00:00Z');

let database: TestDatabase;
let api: TestApi;
let team: TestOrganization;
let now = NOON;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { clock: () => now });
  team = await createTeam(database.pool);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const dollars = (text: string) =>
  nanos(text.startsWith('-') ? -parseDollars(text.slice(1)) : parseDollars(text));

function terms(
  threshold: string,
  amount: string | null,
  cap: string,
  target: string | null = null,
): RuleTerms {
  return {
    threshold: dollars(threshold),
    amount: amount === null ? null : dollars(amount),
    targetBalance: target === null ? null : dollars(target),
    monthlyCap: dollars(cap),
  };
}

test('one charge is computed as the database computes it, for any terms and any balance', async () => {
  for (let round = 0; round < 300; round += 1) {
    const threshold = nanos(BigInt(randomInt(0, 200_000)) * BigInt(randomInt(1, 2_000_000)));
    const isFixed = randomInt(2) === 0;
    const amount = isFixed ? nanos(BigInt(randomInt(500, 200_001)) * 10_000_000n) : null;
    const targetBalance = isFixed ? null : nanos(threshold + BigInt(randomInt(5, 3_000)) * 1_000_000_000n);
    const left = nanos(BigInt(randomInt(0, 4_000)) * 1_000_000_000n);
    const balance = nanos(threshold - BigInt(randomInt(0, 3_000_000)) * BigInt(randomInt(0, 2_000_000)) + 5n);
    const rule = { threshold, amount, targetBalance, monthlyCap: left };
    const { rows } = await database.pool.query(
      `select c.decision, c.reason, c.amount from jsonb_populate_record(null::auto_top_up_rules, $1) r,
         auto_top_up_choice(r, 'open', $2, $3) c`,
      [
        {
          account_id: team.accountId,
          state: 'enabled',
          threshold: String(threshold),
          amount: amount && String(amount),
          target_balance: targetBalance && String(targetBalance),
          monthly_cap: String(left),
        },
        balance,
        now,
      ],
    );
    const expected = { none: undefined, skipped: 0n, charge: BigInt(rows[0].amount ?? 0) };
    const decision: keyof typeof expected = rows[0].decision;
    const shown = JSON.stringify({ ...rule, balance }, (_key, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect([shown, refillOf(rule, balance, left)]).toEqual([shown, expected[decision]]);
  }
});

interface Case {
  readonly start: string;
  readonly used?: Record<string, string>;
  readonly moves?: [at: string, amount: string][];
}

function replay(rule: RuleTerms, { start, used = {}, moves = [] }: Case): string {
  const past: BalancePast = {
    from: new Date('2026-02-25T00:00:00Z'),
    to: NOON,
    balanceAtStart: dollars(start),
    usedByDay: new Map(Object.entries(used).map(([day, cost]) => [day, dollars(cost)])),
    moves: moves.map(([at, amount]) => ({ at: new Date(at), amount: dollars(amount) })),
  };
  const { charges, isCapped } = simulateRule(rule, past);
  const lines = [...charges].map(([amount, count]) => `${count} × ${formatDollars(amount)}`);
  return [...lines, ...(isCapped ? ['capped'] : [])].join(', ');
}

const RULE = terms('10.00', '50.00', '1000.00');

test.each<[string, RuleTerms, Case, string]>([
  ['nothing used charges nothing', RULE, { start: '20.00' }, ''],
  ['at the threshold nothing is charged yet', RULE, { start: '20.00', used: { '2026-03-01': '10.00' } }, ''],
  ['below it one amount', RULE, { start: '20.00', used: { '2026-03-01': '10.01' } }, '1 × 50.00'],
  ['each crossing is a charge', RULE, { start: '60.00', used: { '2026-03-01': '210.00' } }, '4 × 50.00'],
  ['one that begins below starts with the multiple', RULE, { start: '-70.00' }, '1 × 100.00'],
  [
    'credit that came in time spares a charge',
    RULE,
    { start: '20.00', used: { '2026-03-01': '40.00' }, moves: [['2026-03-01T01:00:00Z', '100.00']] },
    '',
  ],
  [
    'credit that came too late does not',
    RULE,
    { start: '20.00', used: { '2026-03-01': '40.00' }, moves: [['2026-03-01T23:00:00Z', '100.00']] },
    '1 × 50.00',
  ],
  [
    'a refund can take the balance below',
    RULE,
    { start: '20.00', moves: [['2026-03-05T11:00:00Z', '-15.00']] },
    '1 × 50.00',
  ],
  [
    'a month’s cap holds until the next month, which charges what waited',
    terms('10.00', '50.00', '100.00'),
    { start: '20.00', used: { '2026-02-26': '200.00' } },
    '2 × 50.00, 1 × 100.00, capped',
  ],
  [
    'a target is filled up to',
    terms('10.00', null, '1000.00', '60.00'),
    { start: '60.00', used: { '2026-03-01': '100.02' } },
    '2 × 50.01',
  ],
])('%s', (_name, rule, past, expected) => {
  expect(replay(rule, past)).toBe(expected);
});

test('the last 30 days are those of the account, without what auto top-up charged then', async () => {
  const { pool } = database;
  const gateway = await createGatewayToken(pool);
  const { apiKeyId } = await createKey(pool, { accountId: team.accountId, memberId: team.member.personId });
  await createPrice(pool, 'swift');
  const command = (type: string, amount: string, at: Date, details: object) =>
    pool.query('select store_command($1, $2, $3, $4, $5, $6, $7)', [
      uuidv7(),
      team.accountId,
      `test:${uuidv7()}`,
      type,
      nanosFromString(amount),
      details,
      at,
    ]);
  now = new Date(NOON.getTime() - 40 * DAY_MS);
  await command('grant', '100000000000', now, {});
  // $10 a day for ten days; 1,250,000 output tokens cost $10
  for (let day = 20; day > 10; day -= 1) {
    now = new Date(NOON.getTime() - day * DAY_MS);
    await sendUsage(api, gateway, [
      {
        id: uuidv7(),
        apiKeyId,
        model: 'swift',
        inputTokens: 0,
        outputTokens: 1_250_000,
        occurredAt: now.toISOString(),
      },
    ]);
  }
  await command('top-up', '50000000000', new Date(NOON.getTime() - 11 * DAY_MS), { mode: 'auto' });
  now = NOON;
  const body = { threshold: '50.00', amount: '25.00', monthlyCap: '500.00' };
  const path = `/v1/accounts/${team.accountId}/auto-top-up/simulation`;
  const auth = createTestAuth(pool);
  const ask = async (person: { personId: string }, given: object = body) =>
    api.json('POST', path, { token: await signIn(auth, person.personId), body: given });
  expect((await ask(team.admin)).body).toEqual({
    from: '2026-02-04T00:00:00.000Z',
    to: NOON.toISOString(),
    count: 2,
    total: '50.00',
    charges: [{ amount: '25.00', count: 2 }],
    capped: false,
  });
  expect((await ask(team.owner, { ...body, monthlyCap: '25.00' })).body).toMatchObject({
    count: 2,
    capped: true,
  });
  expect((await ask(team.owner, { ...body, targetBalance: '60.00' })).body.code).toBe('auto-top-up-invalid');
  expect((await ask(team.owner, { ...body, monthlyCap: '10.00' })).body.code).toBe('auto-top-up-invalid');
  expect((await ask(team.member)).status).toBe(403);
  expect((await ask(team.outsider)).body.code).toBe('account-not-found');
  const { rows } = await pool.query('select from auto_top_up_rules');
  expect(rows).toEqual([]);
});
