// The paced load generator, a process of its own: so many single events a second, whatever the answers take, and
// among them the events that cross thresholds.
import { v7 as uuidv7 } from 'uuid';
import { parseDollars } from '../ledger/money.ts';
import { type CrossingReport, type CrossingSeen, crossingOrder } from './crossing-order.ts';
import { HttpConnection } from './http-connection.ts';
import { crossingTokens, THRESHOLD_NANOS } from './refilling-accounts.ts';
import { RequestMaker } from './request-maker.ts';
import { BENCH_MODEL } from './sample-events.ts';
import { percentile } from './statistics.ts';

interface Answer {
  results: { status: string; cost?: string; problem?: { code: string } }[];
}

const TICK_MS = 5;

const order = crossingOrder.parse(JSON.parse(process.argv[2] ?? '{}'));
const maker = new RequestMaker({ ...order, eventsPerRequest: 1 });
const idle: HttpConnection[] = [];
const latenciesMs: number[] = [];
const errors: Record<string, number> = {};
const crossings: CrossingSeen[] = [];
const underWay = new Set<Promise<void>>();
let recorded = 0;
let notRefilled = 0;
let acceptedNanos = 0n;

const startedMs = performance.now();
const crossFromMs = startedMs + order.warmUpMs;
let sent = 0;
let turns = 0;
while (turns < order.crossings) {
  const nowMs = performance.now();
  const due = Math.floor(((nowMs - startedMs) * order.eventsPerSecond) / 1_000);
  for (; sent < due; sent += 1) begin(sendHot());
  const turnsDue = Math.floor(((nowMs - crossFromMs) * order.crossingsPerSecond) / 1_000);
  for (; turns < Math.min(turnsDue, order.crossings); turns += 1) begin(cross(turns));
  await new Promise((resolve) => setTimeout(resolve, TICK_MS));
}
const elapsedMs = performance.now() - startedMs;
await Promise.all(underWay);
for (const connection of idle) connection.close();

const sorted = Float64Array.from(latenciesMs).sort();
const { user, system } = process.cpuUsage();
const report: CrossingReport = {
  crossings,
  notRefilled,
  recorded,
  acceptedNanos: acceptedNanos.toString(),
  errors,
  eventsPerSecond: (recorded * 1_000) / elapsedMs,
  p50Ms: percentile(sorted, 0.5),
  p99Ms: percentile(sorted, 0.99),
  elapsedMs,
  cpuMs: (user + system) / 1_000,
};
console.log(JSON.stringify(report));

function begin(work: Promise<void>): void {
  const done = work.catch(() => count('no answer')).finally(() => underWay.delete(done));
  underWay.add(done);
}

async function sendHot(): Promise<void> {
  const sentMs = performance.now();
  const cost = await recordedCost(maker.next());
  latenciesMs.push(performance.now() - sentMs);
  if (cost === undefined) return;
  recorded += 1;
  acceptedNanos += parseDollars(cost);
}

/** One event that takes the next account below its threshold, unless it is still below since the last time. */
async function cross(turn: number): Promise<void> {
  const account = order.accounts[turn % order.accounts.length];
  if (account === undefined) return;
  const { accountId, apiKeyId } = account;
  const { body } = await exchange(
    `GET /v1/accounts/${accountId} HTTP/1.1\r\nhost: 127.0.0.1:${order.port}\r\n` +
      `authorization: Bearer ${order.operatorToken}\r\n\r\n`,
  );
  const { balance }: { balance?: string } = JSON.parse(body);
  if (balance === undefined || parseDollars(balance) < THRESHOLD_NANOS) {
    notRefilled += 1;
    return;
  }
  const occurredAt = new Date().toISOString();
  const request = maker.request(
    JSON.stringify({ id: uuidv7(), apiKeyId, model: BENCH_MODEL, ...crossingTokens, occurredAt }),
  );
  const sentAtMs = wallClockMs();
  if ((await recordedCost(request)) !== undefined)
    crossings.push({ accountId, sentAtMs, acknowledgedAtMs: wallClockMs() });
}

/** Sends one event; what it cost, or undefined when it was not recorded. */
async function recordedCost(request: string): Promise<string | undefined> {
  const { status, body } = await exchange(request);
  if (status !== 200) {
    count(`HTTP ${status}`);
    return undefined;
  }
  const answer: Answer = JSON.parse(body);
  const [result] = answer.results;
  if (result?.status !== 'recorded') count(result?.problem?.code ?? String(result?.status));
  return result?.status === 'recorded' ? result.cost : undefined;
}

async function exchange(request: string) {
  let connection = idle.pop();
  while (connection?.ended === true) connection = idle.pop();
  connection ??= await HttpConnection.open(order.port);
  const answer = await connection.exchange(request);
  idle.push(connection);
  return answer;
}

/** Milliseconds since the epoch, as exact as the machine's clock is. */
function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}

function count(what: string): void {
  errors[what] = (errors[what] ?? 0) + 1;
}
