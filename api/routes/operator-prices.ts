// Operators: a price list in LiteLLM's form, looked at before it is imported, with the code of the command.
import { z } from 'zod';
import type { Actor } from '../../ledger/acting.ts';
import { formatDollars, nanos } from '../../ledger/money.ts';
import { applyPriceImport, type PriceChange, previewPriceImport } from '../../ledger/price-import.ts';
import { type ModelPrice, parsePriceList, type Rates } from '../../ledger/prices.ts';
import { type Route, route } from '../route.ts';
import type { OperatorSurroundings } from './operator.ts';
import { rates } from './prices.ts';

const modelPrice = z.strictObject({ standard: rates, batch: rates }).meta({ id: 'ModelPrice' });

const change = z
  .strictObject({
    model: z.string(),
    kind: z.enum(['new', 'changed']),
    before: modelPrice.nullable(),
    after: modelPrice,
  })
  .meta({ id: 'PriceChange' });

const outcome = z
  .strictObject({
    newPrices: z.int().min(0),
    changedPrices: z.int().min(0),
    unchangedPrices: z.int().min(0),
    changes: z.array(change),
    leftOut: z.array(z.strictObject({ model: z.string(), reason: z.string() })),
  })
  .meta({ id: 'PriceImport', description: 'What the list changes; rates in dollars per million tokens.' });

// Read as text: a decimal of the list must never go through a float.
const list = z.string({ error: 'Send the price list as a JSON object.' }).meta({
  id: 'PriceList',
  description: 'LiteLLM’s model_prices_and_context_window.json: models by name.',
  type: 'object',
  additionalProperties: true,
});

const PROBLEMS = ['price-list-malformed'] as const;

/** `POST /v1/operator/prices/preview` and `POST /v1/operator/prices`. */
export function operatorPriceRoutes(surroundings: OperatorSurroundings): Route[] {
  return [previewRoute(surroundings), importRoute(surroundings)];
}

function previewRoute(surroundings: OperatorSurroundings): Route {
  const { pool } = surroundings;
  return route(surroundings, {
    method: 'post',
    path: '/v1/operator/prices/preview',
    summary: 'What importing a price list would change',
    description: 'Changes nothing.',
    tag: 'Operators',
    caller: 'operator',
    scope: 'prices',
    body: list,
    answers: { 200: { description: 'What it would change', schema: outcome } },
    problems: PROBLEMS,
    async handle({ body }) {
      const parsed = parsePriceList(body);
      return { status: 200, body: shown(await previewPriceImport(pool, parsed), parsed.refused) };
    },
  });
}

function importRoute(surroundings: OperatorSurroundings): Route {
  const { pool, clock } = surroundings;
  return route(surroundings, {
    method: 'post',
    path: '/v1/operator/prices',
    summary: 'Import a price list',
    description:
      'A model’s first price counts for all its past usage; a changed one begins at `effectiveFrom`, five minutes ahead at the earliest and by default. Importing the same list again changes nothing.',
    tag: 'Operators',
    caller: 'operator',
    scope: 'prices',
    query: z.strictObject({
      effectiveFrom: z.iso
        .datetime({ offset: true, error: 'Write an ISO 8601 time.' })
        .transform((text) => new Date(text))
        .optional(),
      source: z.string().trim().min(1).max(100).default('operator').describe('Where the list is from.'),
    }),
    body: list,
    answers: { 200: { description: 'What it changed', schema: outcome } },
    problems: [...PROBLEMS, 'price-not-ahead'],
    async handle({ query, body, actor }) {
      const parsed = parsePriceList(body);
      const changes = await applyPriceImport(pool, {
        list: parsed,
        source: query.source,
        now: clock(),
        actor: actor satisfies Actor,
        ...(query.effectiveFrom && { effectiveFrom: query.effectiveFrom }),
      });
      return { status: 200, body: shown(changes, parsed.refused) };
    },
  });
}

function shown(
  changes: readonly PriceChange[],
  leftOut: readonly { readonly model: string; readonly reason: string }[],
): z.input<typeof outcome> {
  const count = (kind: PriceChange['kind']) => changes.filter((one) => one.kind === kind).length;
  return {
    newPrices: count('new'),
    changedPrices: count('changed'),
    unchangedPrices: count('unchanged'),
    changes: changes.flatMap(({ model, kind, price, before }) =>
      kind === 'unchanged'
        ? []
        : [{ model, kind, before: before ? shownPrice(before) : null, after: shownPrice(price) }],
    ),
    leftOut: leftOut.map((one) => ({ ...one, model: one.model.toWellFormed() })),
  };
}

function shownPrice({ standard, batch }: ModelPrice): z.input<typeof modelPrice> {
  return { standard: shownRates(standard), batch: shownRates(batch) };
}

/** Femto-dollars a token are, number for number, nano-dollars a million tokens. */
function shownRates({ input, cachedInput, cacheWrite, output }: Rates): z.input<typeof rates> {
  const dollars = (femtos: bigint) => formatDollars(nanos(femtos));
  return {
    input: dollars(input),
    cachedInput: dollars(cachedInput),
    cacheWrite: dollars(cacheWrite),
    output: dollars(output),
  };
}
