// Money as people read it, made of the API's decimal strings without ever becoming a number.

/**
 * `-1234.5` → `-$1,234.50`. Decimals beyond cents stay where `exact` asks for them, and of less than a cent the first two
 * that say something: `0.00273` → `$0.0027`, because $0.00 would be nothing.
 */
export function formatMoney(amount: string, { exact = false }: { exact?: boolean } = {}): string {
  const { sign, whole, decimals } = shownParts(amount, exact);
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${sign === '-' ? '−' : ''}$${grouped}.${decimals}`;
}

/** The same for a screen reader: `minus 12 dollars and 34 cents`. */
export function spokenMoney(amount: string, { exact = false }: { exact?: boolean } = {}): string {
  const { sign, whole, decimals } = shownParts(amount, exact);
  if (decimals.length > 2) return `${sign === '-' ? 'minus ' : ''}${whole}.${decimals} dollars`;
  const dollars = `${sign === '-' ? 'minus ' : ''}${whole} ${whole === '1' ? 'dollar' : 'dollars'}`;
  if (decimals === '00') return dollars;
  return `${dollars} and ${Number(decimals)} ${decimals === '01' ? 'cent' : 'cents'}`;
}

function shownParts(amount: string, exact: boolean) {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount) ?? [];
  const said = fraction.replace(/0+$/, '').padEnd(2, '0');
  const isBelowACent = /^0*$/.test(whole) && /^00\d/.test(said);
  const below = (/^0*\d{1,2}/.exec(said)?.[0] ?? said).replace(/0$/, '');
  return { sign, whole, decimals: exact ? said : isBelowACent ? below : said.slice(0, 2) };
}

/** Whether an amount is below zero. */
export const isNegative = (amount: string) => amount.startsWith('-') && /[1-9]/.test(amount);

/** What is wrong with a typed amount, in the words of the person who types it; undefined when nothing is. */
export function amountFault(
  text: string,
  { least, most }: { least: number; most: number },
): string | undefined {
  const typed = text.trim().replace(/^\$/, '').replaceAll(',', '');
  if (typed === '') return 'Enter an amount.';
  if (!/^\d+(\.\d*)?$/.test(typed)) return 'Enter an amount in dollars, such as 25 or 25.50.';
  if (/\.\d{3,}$/.test(typed)) return 'An amount has at most two decimals.';
  const cents =
    BigInt(typed.split('.')[0] ?? '0') * 100n + BigInt((typed.split('.')[1] ?? '').padEnd(2, '0') || '0');
  if (cents < BigInt(least) * 100n) return `The least is $${least}.`;
  if (cents > BigInt(most) * 100n) return `The most is $${most.toLocaleString('en-US')}.`;
  return undefined;
}

/** A typed amount in the form that the API takes: `25` → `25.00`. */
export function typedAmount(text: string): string {
  const [whole = '0', fraction = ''] = text.trim().replace(/^\$/, '').replaceAll(',', '').split('.');
  return `${BigInt(whole)}.${fraction.padEnd(2, '0')}`;
}

/** Which of two amounts is more: below zero when it is the second. */
export function compareMoney(one: string, other: string): number {
  const [a, b] = [nanos(one), nanos(other)];
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Whether an amount is above zero. */
export const isPositive = (amount: string) => compareMoney(amount, '0.00') > 0;

function nanos(amount: string): bigint {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount) ?? [];
  const value = BigInt(whole + fraction.padEnd(9, '0').slice(0, 9));
  return sign === '-' ? -value : value;
}
