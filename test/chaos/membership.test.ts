// Membership under random sequences of everything that changes it: what must never be, and one line of audit a change.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Refusal } from '../../ledger/refusal.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { brokenMemberships } from '../support/membership.ts';
import { changesBetween, factsOf } from '../support/membership-facts.ts';
import { createWorld, type Operation, operations, perform, type World } from '../support/membership-world.ts';
import { rollDice, rounds, timeLimitMs } from '../support/soak.ts';

const FEW = 6;
const LONGEST = 60;
const ENDING: readonly Operation['kind'][] = ['close', 'leave', 'erase'];

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
});

const operation: fc.Arbitrary<Operation> = fc.record({
  // what ends things comes now and then, or little would happen after it
  kind: fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...operations.filter((kind) => !ENDING.includes(kind))) },
    { weight: 10, arbitrary: fc.constantFrom('invite', 'accept') },
    { weight: 1, arbitrary: fc.constantFrom(...ENDING) },
  ),
  who: fc.nat({ max: 5 }),
  whom: fc.nat({ max: 5 }),
  where: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) }),
  role: fc.constantFrom('owner', 'admin', 'member'),
  hours: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(200) }),
});

test(
  'after any sequence of operations every open organization has an owner, every key a member, and every change one line',
  async () => {
    const { seed } = rollDice('membership');
    const done = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 30, maxLength: LONGEST }), async (sequence) => {
        const world = await createWorld(database.pool);
        for (const one of sequence) {
          const kind = await performAndCheck(world, one);
          if (kind !== undefined) done.set(kind, (done.get(kind) ?? 0) + 1);
        }
      }),
      { numRuns: rounds(FEW), seed, endOnFailure: true },
    );
    process.stderr.write(`membership: ${JSON.stringify(Object.fromEntries(done))}\n`);
    expect(done.size).toBeGreaterThan(operations.length / 3);
  },
  timeLimitMs(FEW),
);

/** Does one operation and checks everything; returns its kind when it changed something. */
async function performAndCheck(world: World, one: Operation): Promise<string | undefined> {
  const [factsBefore, linesBefore] = [await factsOf(world), await countLines()];
  const refusal = await perform(world, one).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (refusal !== undefined && !(refusal instanceof Refusal)) throw refusal;
  const changes = changesBetween(factsBefore, await factsOf(world));
  const lines = (await countLines()) - linesBefore;
  expect({ one, lines }).toEqual({ one, lines: changes.length });
  if (refusal !== undefined) expect({ one, changes }).toEqual({ one, changes: [] });
  expect({ one, broken: await brokenMemberships(database.pool) }).toEqual({ one, broken: [] });
  return changes.length > 0 ? one.kind : undefined;
}

async function countLines(): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>('select count(*)::int4 as n from audit_lines');
  return rows[0]?.n ?? 0;
}
