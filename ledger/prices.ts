// Price lists in the form of LiteLLM's model_prices_and_context_window.json, read exactly: never through a float.
import { Refusal } from './refusal.ts';
import { divideHalfEven } from './rounding.ts';

/** Femto-USD (10⁻¹⁵) per token for each part of a request: USD per million tokens with nine decimals. */
export interface Rates {
  readonly input: bigint;
  readonly cachedInput: bigint;
  readonly cacheWrite: bigint;
  readonly output: bigint;
}

/** What a model costs per token, alone and as part of a batch. */
export interface ModelPrice {
  readonly standard: Rates;
  readonly batch: Rates;
}

export interface PriceList {
  readonly prices: ReadonlyMap<string, ModelPrice>;
  /** One line for each model that was left out, and why. */
  readonly refused: readonly { readonly model: string; readonly reason: string }[];
}

/** LiteLLM documents the form itself under this name; it is no model. */
const DOCUMENTATION_ENTRY = 'sample_spec';
const MOST_MODEL_NAME_LENGTH = 255;
const FEMTO_DIGITS = 15;
/** A thousand dollars a token: beyond it a price is a mistake, and no cost of 100 million tokens could be held. */
const MOST_RATE = 10n ** 18n;

/**
 * Reads a price list. Rates are decimals of dollars per token, rounded half-even to a femto-dollar from the text as it
 * stands. Rates that are not given fall back: cached input and cache write to input, a batch's part to the same part
 * outside batches. A rate given as 0 is given. Models without an input or output rate are refused with a line; raises
 * `price-list-malformed` when the text is no such list at all.
 */
export function parsePriceList(text: string): PriceList {
  const prices = new Map<string, ModelPrice>();
  const refused: { model: string; reason: string }[] = [];
  for (const [model, entry] of entriesOf(text)) {
    if (model === DOCUMENTATION_ENTRY) continue;
    try {
      prices.set(checkedName(model), priceOf(entry));
    } catch (e) {
      if (!(e instanceof UnusableEntry)) throw e;
      refused.push({ model, reason: e.message });
    }
  }
  return { prices, refused };
}

/** Femto-dollars of a decimal of dollars as JSON writes it ("2.9999900000000002e-06"), rounded half-even. */
export function femtosFromDecimal(decimal: string): bigint {
  const match = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,4}))?$/.exec(decimal);
  if (match === null) throw new UnusableEntry(`${decimal.slice(0, 40)} is not a decimal number`);
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return 0n;
  if (sign === '-') throw new UnusableEntry(`${decimal} is negative`);
  const shift = FEMTO_DIGITS + Number(exponent) - fraction.length;
  const femtos = shift >= 0 ? digits * 10n ** BigInt(shift) : divideHalfEven(digits, 10n ** BigInt(-shift));
  if (femtos > MOST_RATE) throw new UnusableEntry(`${decimal} dollars a token is beyond any price`);
  return femtos;
}

function priceOf(entry: Entry): ModelPrice {
  const input = rate(entry, 'input_cost_per_token');
  const output = rate(entry, 'output_cost_per_token');
  if (input === undefined) throw new UnusableEntry('it has no input_cost_per_token');
  if (output === undefined) throw new UnusableEntry('it has no output_cost_per_token');
  const standard: Rates = {
    input,
    output,
    cachedInput: rate(entry, 'cache_read_input_token_cost') ?? input,
    cacheWrite: rate(entry, 'cache_creation_input_token_cost') ?? input,
  };
  const batch: Rates = {
    input: rate(entry, 'input_cost_per_token_batches') ?? standard.input,
    output: rate(entry, 'output_cost_per_token_batches') ?? standard.output,
    cachedInput: rate(entry, 'cache_read_input_token_cost_batches') ?? standard.cachedInput,
    cacheWrite: rate(entry, 'cache_creation_input_token_cost_batches') ?? standard.cacheWrite,
  };
  return { standard, batch };
}

function rate(entry: Entry, name: string): bigint | undefined {
  const value = entry.get(name);
  if (value === undefined || value === null) return undefined;
  if (!(value instanceof DecimalText)) throw new UnusableEntry(`its ${name} is not a number`);
  return femtosFromDecimal(value.text);
}

function checkedName(model: string): string {
  const isPlain = /^[\x20-\x7e]+$/.test(model) && model.trim() === model;
  if (!isPlain || model.length > MOST_MODEL_NAME_LENGTH) {
    throw new UnusableEntry('its name is not 1 to 255 printable ASCII characters');
  }
  return model;
}

type Entry = ReadonlyMap<string, unknown>;

function entriesOf(text: string): [string, Entry][] {
  const list = parseKeepingDecimals(text);
  if (!isObject(list)) {
    throw new Refusal('price-list-malformed', 'A price list is a JSON object of models by name.');
  }
  return Object.entries(list).map(([model, entry]) => [
    model,
    new Map(isObject(entry) ? Object.entries(entry) : []),
  ]);
}

/** A number as the text of the list writes it. */
class DecimalText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

class UnusableEntry extends Error {}

function parseKeepingDecimals(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' ? new DecimalText(context?.source ?? String(value)) : value,
    );
  } catch (e) {
    throw new Refusal('price-list-malformed', `The price list is not JSON: ${messageOf(e)}`);
  }
}

function isObject(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof DecimalText)
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
