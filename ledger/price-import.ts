// Importing a price list: what it would change, and the change itself. Prices are never edited, only superseded.
import { type Actor, SYSTEM, withActing } from './acting.ts';
import type { Connection, Pool } from './database.ts';
import { PRICE_COLUMNS, type PriceRow, priceFrom } from './price-row.ts';
import type { ModelPrice, PriceList, Rates } from './prices.ts';
import { Refusal } from './refusal.ts';

/** What an import does to one model; `before` is the newest price it has. */
export interface PriceChange {
  readonly model: string;
  readonly kind: 'new' | 'changed' | 'unchanged';
  readonly price: ModelPrice;
  readonly before: ModelPrice | undefined;
}

export interface PriceImport {
  readonly list: PriceList;
  /** What the prices say about where they are from. */
  readonly source: string;
  readonly now: Date;
  /** Who imports it; the system, from the command line. */
  readonly actor?: Actor;
  /** When changed prices begin; the earliest moment that is allowed, by default. */
  readonly effectiveFrom?: Date;
}

/** A price of a model that already has one begins this much ahead at least, so that nobody's price changes unseen. */
export const LEAST_NOTICE_MS = 5 * 60_000;

const FIRST_EFFECTIVE_FROM = new Date(0);

const NEWEST_PRICES = `
  select distinct on (model) ${PRICE_COLUMNS}
  from prices where model = any ($1::text[]) order by model, effective_from desc`;

const INSERT_PRICES = `
  insert into prices (model, effective_from, input, cached_input, cache_write, output, batch_input, batch_cached_input, batch_cache_write, batch_output, source, created_at)
  select p.model, p.effective_from, p.input, p.cached_input, p.cache_write, p.output,
    p.batch_input, p.batch_cached_input, p.batch_cache_write, p.batch_output, $11::text, $12::timestamptz
  from unnest($1::text[], $2::timestamptz[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[],
    $9::int8[], $10::int8[]) as p (model, effective_from, input, cached_input, cache_write, output, batch_input, batch_cached_input, batch_cache_write, batch_output)
  order by p.model`;

// imports wait for each other: two at once would both see the same prices before
const LOCK_IMPORTS = `select pg_advisory_xact_lock(hashtextextended('price-import', 0))`;

const AUDIT_IMPORT = `
  select audit(null, 'prices.imported', 'price-list', $1::text, null, $2::jsonb)`;

/** What importing this list would change, by model in the list's order. Changes nothing. */
export async function previewPriceImport(db: Pool | Connection, list: PriceList): Promise<PriceChange[]> {
  const newest = await newestPrices(db, [...list.prices.keys()]);
  return changesOf(list, newest);
}

/**
 * Imports the list in one transaction and returns what it changed: a model's first price counts from 1970 on, a
 * changed one from `effectiveFrom` on. Raises `price-not-ahead` when that is less than five minutes ahead, or not
 * after a price already announced; then nothing is imported. What changes anything leaves one line in the audit.
 */
export async function applyPriceImport(pool: Pool, wanted: PriceImport): Promise<PriceChange[]> {
  const effectiveFrom = wanted.effectiveFrom ?? new Date(wanted.now.getTime() + LEAST_NOTICE_MS);
  return withActing(pool, wanted.actor ?? SYSTEM, wanted.now, async (connection) => {
    await connection.query(LOCK_IMPORTS);
    const newest = await newestPrices(connection, [...wanted.list.prices.keys()]);
    const changes = changesOf(wanted.list, newest);
    const begins = (change: PriceChange) => (change.kind === 'new' ? FIRST_EFFECTIVE_FROM : effectiveFrom);
    for (const change of changes.filter(({ kind }) => kind === 'changed')) {
      checkAhead(change.model, newest.get(change.model)?.effective_from, effectiveFrom, wanted.now);
    }
    await insert(
      connection,
      changes.filter(({ kind }) => kind !== 'unchanged'),
      begins,
      wanted,
    );
    await auditImport(connection, changes, wanted.source, effectiveFrom);
    return changes;
  });
}

async function newestPrices(db: Pool | Connection, models: string[]): Promise<Map<string, PriceRow>> {
  const { rows } = await db.query<PriceRow>(NEWEST_PRICES, [models]);
  return new Map(rows.map((row) => [row.model, row]));
}

function changesOf(list: PriceList, newest: ReadonlyMap<string, PriceRow>): PriceChange[] {
  return [...list.prices].map(([model, price]) => {
    const row = newest.get(model);
    if (row === undefined) return { model, kind: 'new', price, before: undefined };
    const before = priceFrom(row);
    return { model, kind: sameRates(before, price) ? 'unchanged' : 'changed', price, before };
  });
}

function checkAhead(model: string, announced: Date | undefined, effectiveFrom: Date, now: Date): void {
  if (effectiveFrom.getTime() < now.getTime() + LEAST_NOTICE_MS) {
    throw new Refusal('price-not-ahead', `A new price of ${model} must begin at least five minutes ahead.`);
  }
  if (announced !== undefined && effectiveFrom <= announced) {
    throw new Refusal(
      'price-not-ahead',
      `A price of ${model} is already announced for ${announced.toISOString()}: a new one must begin later.`,
    );
  }
}

async function insert(
  connection: Connection,
  changes: readonly PriceChange[],
  begins: (change: PriceChange) => Date,
  { source, now }: PriceImport,
): Promise<void> {
  if (changes.length === 0) return;
  const column = (pick: (price: ModelPrice) => bigint) => changes.map(({ price }) => pick(price).toString());
  await connection.query(INSERT_PRICES, [
    changes.map(({ model }) => model),
    changes.map(begins),
    column(({ standard }) => standard.input),
    column(({ standard }) => standard.cachedInput),
    column(({ standard }) => standard.cacheWrite),
    column(({ standard }) => standard.output),
    column(({ batch }) => batch.input),
    column(({ batch }) => batch.cachedInput),
    column(({ batch }) => batch.cacheWrite),
    column(({ batch }) => batch.output),
    source,
    now,
  ]);
}

/** How many models are new, and which ones cost something else from when on. */
async function auditImport(
  connection: Connection,
  changes: readonly PriceChange[],
  source: string,
  effectiveFrom: Date,
): Promise<void> {
  const models = (kind: PriceChange['kind']) =>
    changes.filter((change) => change.kind === kind).map(({ model }) => model);
  const changed = models('changed');
  const newPrices = models('new').length;
  if (changed.length === 0 && newPrices === 0) return;
  const after = {
    newPrices,
    changed,
    ...(changed.length > 0 && { effectiveFrom: effectiveFrom.toISOString() }),
  };
  await connection.query(AUDIT_IMPORT, [source, JSON.stringify(after)]);
}

function sameRates(one: ModelPrice, other: ModelPrice): boolean {
  const same = (a: Rates, b: Rates) =>
    a.input === b.input &&
    a.cachedInput === b.cachedInput &&
    a.cacheWrite === b.cacheWrite &&
    a.output === b.output;
  return same(one.standard, other.standard) && same(one.batch, other.batch);
}
