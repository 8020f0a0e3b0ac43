// Usage without a price: it waits, is recorded once when there is one, and nothing that cannot be keeps the rest waiting.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { PriceBook } from '../ledger/intake/price-book.ts';
import { recordWaitingUsage } from '../ledger/intake/waiting-usage.ts';
import { startTestIntake, type TestIntake } from './support/intake.ts';

let intake: TestIntake;

beforeAll(async () => {
  intake = await startTestIntake();
});
afterAll(() => intake?.close());

const recordWaiting = (most?: number) =>
  recordWaitingUsage(intake.pool, new PriceBook(intake.pool), new Date(), most);

test('usage of a model without a price waits, and the same id is known meanwhile', async () => {
  const { event, accountId } = await intake.freshKey();
  const one = event({ model: `new-${uuidv7()}` });
  const [first] = await intake.record(one);
  expect(first?.status).toBe('recorded');
  expect(first?.cost).toBeUndefined();
  expect(first?.problem?.code).toBe('usage-unpriced');
  expect((await intake.record(one))[0]?.status).toBe('duplicate');
  expect((await intake.record({ ...one, model: 'm' }))[0]?.status).toBe('conflict');
  expect(await intake.standing(accountId)).toMatchObject({ pending: '0', events: '0' });
});

test('usage that waited for a price is recorded once when there is one, at the price of its time', async () => {
  const { event, accountId } = await intake.freshKey();
  const model = `late-${uuidv7()}`;
  await intake.record([event({ model }), event({ model })]);
  await intake.database.pool.query(
    `insert into prices (model, effective_from, input, cached_input, cache_write, output,
       batch_input, batch_cached_input, batch_cache_write, batch_output, source, created_at)
     values ($1, '1970-01-01', 1000000, 0, 0, 0, 0, 0, 0, 0, 'test', now())`,
    [model],
  );
  const runs = await Promise.all([1, 2, 3].map(() => recordWaiting()));
  expect(runs.reduce((total, { recorded }) => total + recorded, 0)).toBe(2);
  expect(await intake.standing(accountId)).toMatchObject({ pending: '-2000', events: '2', rolled: '2000' });
});

test('thousands of events without a price in one request wait each once, in the order given', async () => {
  const [one, other] = [await intake.freshKey(), await intake.freshKey()];
  const events = Array.from({ length: 3_000 }, (_, i) =>
    (i % 2 ? one : other).event({ model: 'unheard-of' }),
  );
  const results = await intake.record([
    ...events,
    events[7],
    { ...events[8], outputTokens: 11 },
    one.event(),
  ]);
  expect(results.map(({ id }) => id)).toEqual([
    ...events.map(({ id }) => id),
    events[7]?.['id'],
    events[8]?.['id'],
    results.at(-1)?.id,
  ]);
  expect(results.slice(0, 3_000).every(({ status }) => status === 'recorded')).toBe(true);
  expect(results.slice(3_000).map(({ status }) => status)).toEqual(['duplicate', 'conflict', 'recorded']);
});

test('an event that the database refuses is set aside, and those around it are recorded', async () => {
  const { event, accountId } = await intake.freshKey();
  const model = `poisoned-${uuidv7()}`;
  const poison = event({ model, metadata: { bad: true } });
  await intake.record([event({ model }), event({ model }), poison, event({ model }), event({ model })]);
  await intake.price(model, 1_000_000n);
  const refusing = `check (account_id <> '${accountId}' or metadata is null) not valid`;
  await intake.database.pool.query(`alter table usage_events add constraint no_metadata ${refusing}`);
  try {
    const done = await recordWaiting();
    expect(done.recorded).toBe(4);
    expect(done.rejected).toMatchObject([{ accountId, eventId: poison['id'], code: 'usage-invalid' }]);
  } finally {
    await intake.database.pool.query('alter table usage_events drop constraint no_metadata');
  }
  expect(await intake.standing(accountId)).toMatchObject({ events: '4', pending: '-4000' });
  const { rows } = await intake.database.pool.query(
    'select event_id, event from rejected_usage where account_id = $1',
    [accountId],
  );
  expect(rows).toMatchObject([{ event_id: poison['id'], event: { model, inputTokens: 1000 } }]);
  expect(await recordWaiting()).toEqual({ recorded: 0, rejected: [], crossings: [] });
});

test('events that cost more than any may are set aside, and do not keep those behind them waiting', async () => {
  const { event, accountId } = await intake.freshKey();
  const model = `dear-${uuidv7()}`;
  const dear = Array.from({ length: 5 }, () => event({ model, inputTokens: 100_000_000 }));
  await intake.record(dear);
  await intake.record(event({ model }));
  await intake.price(model, 100_000_000_000_000n);
  const done = await recordWaiting(5);
  expect(done.rejected.map(({ eventId }) => eventId).sort()).toEqual(dear.map(({ id }) => id).sort());
  expect((await recordWaiting(5)).recorded).toBe(1);
  expect(await intake.standing(accountId)).toMatchObject({ events: '1', pending: '-100000000000' });
});

test('usage whose model has no price yet, or had none at its time, does not keep other usage waiting', async () => {
  const { event, accountId } = await intake.freshKey();
  const [unheard, late] = [`unheard-${uuidv7()}`, `late-${uuidv7()}`];
  await intake.record(Array.from({ length: 10 }, () => event({ model: unheard })));
  const occurredAt = new Date(Date.now() - 86_400_000).toISOString();
  await intake.record(Array.from({ length: 10 }, () => event({ model: late, occurredAt })));
  await intake.record(event({ model: late }));
  await intake.price(late, 1_000_000n, new Date(Date.now() - 3_600_000));
  expect((await recordWaiting(5)).recorded).toBe(1);
  expect((await intake.standing(accountId)).events).toBe('1');
});

test('an account that is locked elsewhere keeps its own usage waiting, and nobody else’s', async () => {
  const [locked, free] = [await intake.freshKey(), await intake.freshKey()];
  const model = `locked-${uuidv7()}`;
  await intake.record([locked.event({ model }), free.event({ model })]);
  await intake.price(model, 1_000_000n);
  const blocker = await intake.database.pool.connect();
  await blocker.query('begin');
  await blocker.query('select 1 from account_balances where account_id = $1 for update', [locked.accountId]);
  expect((await recordWaiting()).recorded).toBe(1);
  await blocker.query('commit');
  blocker.release();
  expect((await intake.standing(free.accountId)).events).toBe('1');
  expect((await recordWaiting()).recorded).toBe(1);
  expect((await intake.standing(locked.accountId)).events).toBe('1');
});
