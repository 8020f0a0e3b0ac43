// `npm run replay -- FILE.csv`: sends a token trace as usage of the demo organization's three members.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../ledger/clock.ts';
import { formatDollars, sum } from '../ledger/money.ts';
import { CommandFailed, commandLine, homeOf, messageOf, runCommand, wholeNumber } from './command.ts';
import { readDemoFile } from './demo-file.ts';
import { type SendTotals, sendEvents } from './replay/sender.ts';
import { keptShift } from './replay/shift.ts';
import { parseTrace, traceEvents } from './replay/trace.ts';

const HELP = `
Usage: npm run replay -- FILE.csv [--model NAME] [--dry-run] [--batch N] [--concurrency N] [--base-url URL] [--home DIR]

Sends a trace of requests (columns TIMESTAMP, ContextTokens, GeneratedTokens) as usage, over the API keys of the demo
organization's owner, admin and member in turn. Its times are shifted to end now; the shift is chosen once per file
and kept in <home>/replay, and ids derive from the file and the row, so that sending it again changes nothing.
Whatever the server does not answer (429, 5xx, no connection) is sent again.

  --model NAME       the model of all requests (gpt-4o-mini)
  --dry-run          print the events as NDJSON and send nothing
  --batch N          events in one request (100)
  --concurrency N    requests under way at once (4)
  --patience N       seconds that nothing may get through before giving up (120)
  --base-url URL     where to send it; the running stack by default
  --home DIR         the home of the stack (COFFER_HOME, or .coffer)

Exits 0 when every event is in the books, 1 otherwise.`;

const PROGRESS_EVERY_MS = 1_000;

await runCommand(HELP, async () => {
  const { values, positionals } = commandLine({
    allowPositionals: true,
    options: {
      model: { type: 'string', default: 'gpt-4o-mini' },
      'dry-run': { type: 'boolean', default: false },
      batch: { type: 'string', default: '100' },
      concurrency: { type: 'string', default: '4' },
      patience: { type: 'string', default: '120' },
      'base-url': { type: 'string' },
      home: { type: 'string' },
    },
  });
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0)
    throw new CommandFailed('Usage: npm run replay -- FILE.csv (--help says more)');
  const batch = wholeNumber('batch', values.batch, 1);
  const concurrency = wholeNumber('concurrency', values.concurrency, 1);
  const patienceMs = wholeNumber('patience', values.patience, 1) * 1_000;
  const home = homeOf(values.home);
  const demo = readDemoFile(home);
  if (demo === undefined)
    throw new CommandFailed(`There is no ${join(home, 'demo.json')}: run npm start first.`);

  const trace = parseTrace(textOf(file));
  const { owner, admin, member } = demo.organization.apiKeys;
  const events = traceEvents(trace, {
    shiftMs: keptShift(home, trace, systemClock()),
    model: values.model,
    apiKeyIds: [owner.id, admin.id, member.id],
  });
  if (values['dry-run']) {
    process.stdout.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    return 0;
  }
  const baseUrl = (values['base-url'] ?? demo.baseUrl).replace(/\/+$/, '');
  const show = progressShower(events.length);
  const startedMs = performance.now();
  const totals = await sendEvents(events, {
    baseUrl,
    gatewayToken: demo.gatewayToken,
    batch,
    concurrency,
    patienceMs,
    onProgress: show,
  });
  report(totals, events.length, (performance.now() - startedMs) / 1_000);
  return totals.conflict + totals.rejected === 0 ? 0 : 1;
});

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    throw new CommandFailed(`${file} cannot be read: ${messageOf(e)}`);
  }
}

/** One line that is written over on a terminal, a line now and then elsewhere. */
function progressShower(total: number): (progress: { answered: number; retries: number }) => void {
  let shownMs = performance.now();
  return ({ answered, retries }) => {
    const nowMs = performance.now();
    const isOver = answered === total;
    if (!isOver && nowMs - shownMs < (process.stderr.isTTY ? 100 : PROGRESS_EVERY_MS)) return;
    shownMs = nowMs;
    const line = `${answered} of ${total} events answered, ${retries} retries`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}${isOver ? '\n' : ''}` : `${line}\n`);
  };
}

function report(totals: SendTotals, events: number, seconds: number): void {
  const { recorded, duplicate, conflict, rejected, unpriced, recordedCost, duplicateCost } = totals;
  const lines = [
    `${events} events in ${seconds.toFixed(1)} s: ${recorded} recorded, ${duplicate} duplicate, ${conflict} conflict, ${rejected} rejected`,
    `cost: $${formatDollars(sum([recordedCost, duplicateCost]))} in all, $${formatDollars(recordedCost)} of it recorded now`,
  ];
  if (unpriced > 0) lines.push(`${unpriced} wait for a price of their model`);
  lines.push(...totals.reasons.map((reason) => `  ${reason}`));
  process.stdout.write(`${lines.join('\n')}\n`);
}
