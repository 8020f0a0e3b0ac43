// Importing price lists: shown before it is done, first prices from the beginning, later ones only with notice.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PriceBook } from '../ledger/intake/price-book.ts';
import { applyPriceImport, previewPriceImport } from '../ledger/price-import.ts';
import { parsePriceList } from '../ledger/prices.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const AHEAD = new Date('2026-03-01T12:05:00Z');

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(() => database.drop());

function list(rates: Record<string, string>) {
  const entries = Object.entries(rates).map(
    ([model, rate]) => `"${model}": {"input_cost_per_token": ${rate}, "output_cost_per_token": ${rate}}`,
  );
  return parsePriceList(`{${entries.join(',')}}`);
}

async function stored(): Promise<string[]> {
  const { rows } = await database.pool.query<{ line: string }>(
    `select model || ' ' || input || ' ' || to_char(effective_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as line
     from prices order by model, effective_from`,
  );
  return rows.map(({ line }) => line);
}

const importing = (rates: Record<string, string>, more: { now?: Date; effectiveFrom?: Date } = {}) =>
  applyPriceImport(database.pool, { list: list(rates), source: 'test', now: NOW, ...more });

test('a preview says what is new, changed and unchanged, and changes nothing', async () => {
  await importing({ same: '1e-6', other: '1e-6' });
  const before = await stored();
  const changes = await previewPriceImport(
    database.pool,
    list({ fresh: '1e-6', same: '1e-6', other: '2e-6' }),
  );
  expect(changes.map(({ model, kind }) => `${model} ${kind}`)).toEqual([
    'fresh new',
    'same unchanged',
    'other changed',
  ]);
  expect(await stored()).toEqual(before);
});

test("a model's first price counts for all of its past, a changed one only with five minutes' notice", async () => {
  await importing({ m: '1e-6' });
  await importing({ m: '2e-6', n: '3e-6' });
  expect(await stored()).toEqual([
    'm 1000000000 1970-01-01 00:00',
    'm 2000000000 2026-03-01 12:05',
    'n 3000000000 1970-01-01 00:00',
  ]);
});

test('the same list again changes nothing', async () => {
  await importing({ m: '1e-6' });
  const again = await importing({ m: '1.0e-06' });
  expect(again.map(({ kind }) => kind)).toEqual(['unchanged']);
  expect(await stored()).toHaveLength(1);
});

test.each([
  ['less than five minutes ahead', new Date(AHEAD.getTime() - 1)],
  ['in the past', new Date('2020-01-01T00:00:00Z')],
])('a changed price that would begin %s is refused with the whole import', async (_what, effectiveFrom) => {
  await importing({ m: '1e-6' });
  await expect(importing({ a: '1e-6', m: '2e-6' }, { effectiveFrom })).rejects.toMatchObject({
    code: 'price-not-ahead',
  });
  expect(await stored()).toHaveLength(1);
});

test('a price already announced is not overtaken by a later one that begins earlier', async () => {
  await importing({ m: '1e-6' });
  await importing({ m: '2e-6' }, { effectiveFrom: new Date('2026-04-01T00:00:00Z') });
  await expect(importing({ m: '3e-6' })).rejects.toMatchObject({ code: 'price-not-ahead' });
  await importing({ m: '3e-6' }, { effectiveFrom: new Date('2026-05-01T00:00:00Z') });
  expect(await stored()).toHaveLength(3);
});

test('two imports of one list at once store each price once', async () => {
  await Promise.all([importing({ m: '1e-6', n: '1e-6' }), importing({ n: '1e-6', m: '1e-6' })]);
  expect(await stored()).toHaveLength(2);
});

test('the database itself refuses to change or delete a price', async () => {
  await importing({ m: '1e-6' });
  for (const sql of ['update prices set input = 0', 'delete from prices']) {
    await expect(database.pool.query(sql)).rejects.toMatchObject({ constraint: 'record-immutable' });
  }
});

test('usage is priced by what was in force when it occurred', async () => {
  await importing({ m: '1e-6' });
  await importing({ m: '2e-6' });
  const book = new PriceBook(database.pool);
  await book.reload();
  const at = (time: string) => book.priceAt('m', new Date(time))?.price.standard.input;
  expect(at('2026-03-01T12:04:59.999Z')).toBe(1_000_000_000n);
  expect(at('2026-03-01T12:05:00Z')).toBe(2_000_000_000n);
});
