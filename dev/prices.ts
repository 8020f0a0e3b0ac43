// `npm run prices -- import FILE`: shows what a price list would change, and changes it when told to.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { systemClock } from '../ledger/clock.ts';
import { createPool } from '../ledger/database.ts';
import { applyPriceImport, type PriceChange, previewPriceImport } from '../ledger/price-import.ts';
import { type ModelPrice, type PriceList, parsePriceList, type Rates } from '../ledger/prices.ts';
import { CommandFailed, commandLine, databaseUrlOf, homeOf, messageOf, runCommand } from './command.ts';

const HELP = `
Usage: npm run prices -- import FILE [--yes] [--effective-from TIME] [--home DIR]

Reads a price list in the form of LiteLLM's model_prices_and_context_window.json, shows what it would change (in USD
per million tokens), and imports it once confirmed. A model's first price counts for all its past usage; a changed
price begins at TIME, five minutes from now at the earliest. Prices are never edited, only superseded.

  --yes                    import without asking
  --effective-from TIME    when changed prices begin, as 2030-01-31T00:00:00Z
  --home DIR               the home of the stack (COFFER_HOME, or .coffer); DATABASE_URL says another database`;

const PARTS: readonly (readonly [label: string, pick: (rates: Rates) => bigint])[] = [
  ['input', ({ input }) => input],
  ['cached', ({ cachedInput }) => cachedInput],
  ['write', ({ cacheWrite }) => cacheWrite],
  ['output', ({ output }) => output],
];

await runCommand(HELP, async () => {
  const { values, positionals } = commandLine({
    allowPositionals: true,
    options: {
      yes: { type: 'boolean', short: 'y' },
      'effective-from': { type: 'string' },
      home: { type: 'string' },
    },
  });
  const [verb, file, ...rest] = positionals;
  if (verb !== 'import' || file === undefined || rest.length > 0) {
    throw new CommandFailed('Usage: npm run prices -- import FILE (--help says more)');
  }
  const effectiveFrom = timeOf(values['effective-from']);
  const list = parsePriceList(textOf(file));
  const pool = createPool(databaseUrlOf(homeOf(values.home)), { applicationName: 'coffer prices', most: 1 });
  try {
    const changes = await previewPriceImport(pool, list);
    show(changes, list);
    if (changes.every(({ kind }) => kind === 'unchanged')) return 0;
    if (values.yes !== true && !(await confirmed())) return 0;
    const applied = await applyPriceImport(pool, {
      list,
      source: basename(file),
      now: systemClock(),
      ...(effectiveFrom && { effectiveFrom }),
    });
    process.stdout.write(`Imported: ${summary(applied)}.\n`);
    return 0;
  } finally {
    await pool.end();
  }
});

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    throw new CommandFailed(`${file} cannot be read: ${messageOf(e)}`);
  }
}

function timeOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(time.getTime())) {
    throw new CommandFailed('--effective-from must be a time such as 2030-01-31T00:00:00Z');
  }
  return time;
}

function show(changes: readonly PriceChange[], list: PriceList): void {
  for (const { model, kind, price, before } of changes) {
    if (kind === 'new') process.stdout.write(`+ ${model}  ${described(price)}\n`);
    if (kind === 'changed' && before) {
      process.stdout.write(
        `~ ${model}  ${described(before)}\n  ${' '.repeat(model.length)}→ ${described(price)}\n`,
      );
    }
  }
  for (const { model, reason } of list.refused) process.stdout.write(`! ${model} is left out: ${reason}\n`);
  process.stdout.write(`${summary(changes)}, ${list.refused.length} left out.\n`);
}

function summary(changes: readonly PriceChange[]): string {
  const count = (kind: PriceChange['kind']) => changes.filter((change) => change.kind === kind).length;
  return `${count('new')} new, ${count('changed')} changed, ${count('unchanged')} unchanged`;
}

function described({ standard, batch }: ModelPrice): string {
  const rates = (one: Rates) => PARTS.map(([label, pick]) => `${label} ${perMillion(pick(one))}`).join(', ');
  return `${rates(standard)}; batch ${rates(batch)}`;
}

/** Femto-dollars a token are nano-dollars a million tokens, exactly. */
function perMillion(femtos: bigint): string {
  const fraction = (femtos % 1_000_000_000n)
    .toString()
    .padStart(9, '0')
    .replace(/0{1,7}$/, '');
  return `$${femtos / 1_000_000_000n}.${fraction}`;
}

async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) {
    process.stdout.write('Nothing was changed: add --yes to import this.\n');
    return false;
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await lines.question('Import this? [y/N] ');
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}
