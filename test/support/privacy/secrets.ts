// What is private about whoever pays: taken from what the sandbox really holds, each value with how it would be recognised.

export interface Secret {
  /** What it is: `brand`, `last four`, `decline`. */
  readonly kind: string;
  readonly value: string;
  /** Finds it in a text. */
  readonly pattern: RegExp;
  /** Whether operators may read it in logs and in Temporal: the id of a PaymentIntent, by which they trace money. */
  readonly forOperators?: true;
}

/** Objects of Stripe that say something of a person, by the beginning of their ids. */
const PRIVATE_IDS = /^(?:pm|cus|cs|seti|ch|py|card|src|in|il|re|txn|mandate|bps)_\w+$/;
const LINKS = new Set(['url', 'receipt_url', 'hosted_invoice_url', 'invoice_pdf']);
const DECLINES = new Set(['decline_code', 'failure_code', 'reason', 'advice_code', 'network_status']);
const SAID = new Set(['failure_message', 'seller_message']);

/**
 * Every secret in objects of Stripe (anything as it came over the wire). Call it with everything there is: a value is
 * found wherever it stands.
 */
export function secretsIn(objects: unknown): Secret[] {
  const found = new Map<string, Secret>();
  const add = (kind: string, value: string, pattern: RegExp, more: { forOperators?: true } = {}): void => {
    found.set(`${kind} ${value}`, { kind, value, pattern, ...more });
  };
  const look = (value: unknown, key: string, parent: Readonly<Record<string, unknown>>): void => {
    if (Array.isArray(value)) for (const item of value) look(item, key, parent);
    else if (isObject(value)) for (const [name, inner] of Object.entries(value)) look(inner, name, value);
    else if (typeof value === 'string' && value !== '') lookAtText(value, key, parent, add);
    else if (typeof value === 'number' && key === 'exp_month') {
      const expiry = expiryOf(value, parent['exp_year']);
      if (expiry !== undefined) add('expiry', String(expiry), expiry);
    }
  };
  look(objects, '', {});
  return [...found.values()];
}

type Add = (kind: string, value: string, pattern: RegExp, more?: { forOperators?: true }) => void;

function lookAtText(value: string, key: string, parent: Readonly<Record<string, unknown>>, add: Add): void {
  if (/_secret_/.test(value)) add('client secret', value, literally(value));
  else if (/^pi_\w+$/.test(value)) add('PaymentIntent', value, literally(value), { forOperators: true });
  else if (PRIVATE_IDS.test(value)) add(`id ${value.slice(0, value.indexOf('_'))}`, value, literally(value));
  else if (LINKS.has(key)) add('link', value, literally(value));
  else if (key === 'fingerprint') add('fingerprint', value, literally(value));
  else if (key === 'brand' || key === 'display_brand') add('brand', value, asWord(value));
  else if (key === 'last4') add('last four', value, lastFour(value));
  else if (/(^|_)email$/.test(key)) add('billing e-mail', value, literally(value));
  else if (DECLINES.has(key) || (key === 'code' && 'decline_code' in parent)) addDecline(value, add);
  else if (SAID.has(key) || (key === 'message' && 'decline_code' in parent))
    add('decline', value, literally(value));
}

/** What Stripe says of a payment that went well is no decline. */
const NO_DECLINES = new Set(['approved_by_network', 'not_sent_to_network']);

function addDecline(value: string, add: Add): void {
  if (/^[a-z_]+$/.test(value) && value.includes('_') && !NO_DECLINES.has(value))
    add('decline', value, asWord(value));
}

/** Words of our own for how a card fared, as values: no member but its owner reads them. */
export function ownWords(words: readonly string[]): Secret[] {
  return [...new Set(words)].map((value) => ({
    kind: 'decline',
    value,
    pattern: new RegExp(`(?<=[\\s"',:>=])${escaped(value)}(?=[\\s"',.<]|$)`, 'i'),
    forOperators: true,
  }));
}

function literally(text: string): RegExp {
  return new RegExp(escaped(text), 'i');
}

/** A word by itself, however its parts are joined. */
function asWord(text: string): RegExp {
  return new RegExp(`(?<![a-z0-9])${text.split(/[_-]/).map(escaped).join('[ _-]?')}(?![a-z0-9])`, 'i');
}

/** Four digits as people and programs write them; alone they stand in every other id. */
function lastFour(digits: string): RegExp {
  return new RegExp(`(?:["*•x·]|ending (?:in )?|last ?(?:4|four)\\W{1,4})\\s?${digits}(?!\\d)`, 'i');
}

function expiryOf(month: number, year: unknown): RegExp | undefined {
  if (typeof year !== 'number') return undefined;
  const padded = String(month).padStart(2, '0');
  return new RegExp(
    `(?<!\\d)(?:${padded}\\s?/\\s?(?:${year}|${year % 100})|${year}-${padded}(?!-\\d\\d)|exp_?(?:month|year)"?\\s?:\\s?(?:${month}|${year}))(?!\\d)`,
    'i',
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
