// The load generator, a process of its own: keeps every connection busy with one request and adds up the answers.
import { parseDollars } from '../ledger/money.ts';
import { type HttpAnswer, HttpConnection } from './http-connection.ts';
import { type LoadReport, loadOrder } from './load-report.ts';
import { RequestMaker } from './request-maker.ts';
import { percentile } from './statistics.ts';

interface Answer {
  results: { status: string; cost?: string; problem?: { code: string } }[];
}

const order = loadOrder.parse(JSON.parse(process.argv[2] ?? '{}'));
const maker = new RequestMaker(order);
const latenciesMs: number[] = [];
const errors: Record<string, number> = {};
let requests = 0;
let recorded = 0;
let recordedInTime = 0;
let acceptedNanos = 0n;
const measureFromMs = performance.now() + order.warmUpMs;
const endMs = measureFromMs + order.measureMs;

await Promise.all(Array.from({ length: order.connections }, keepBusy));

const sorted = Float64Array.from(latenciesMs).sort();
const { user, system } = process.cpuUsage();
const report: LoadReport = {
  requests,
  recorded,
  acceptedNanos: acceptedNanos.toString(),
  errors,
  eventsPerSecond: (recordedInTime * 1_000) / order.measureMs,
  p50Ms: percentile(sorted, 0.5),
  p99Ms: percentile(sorted, 0.99),
  cpuMs: (user + system) / 1_000,
};
console.log(JSON.stringify(report));

async function keepBusy(): Promise<void> {
  let connection = await HttpConnection.open(order.port);
  while (performance.now() < endMs) {
    if (connection.ended) connection = await HttpConnection.open(order.port);
    const sentMs = performance.now();
    const { status, body } = await connection.exchange(maker.next()).catch(lost);
    const answeredMs = performance.now();
    requests += 1;
    if (status !== 200) {
      count(status === 0 ? 'no answer' : `HTTP ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    const inTime = answeredMs >= measureFromMs && answeredMs < endMs;
    if (inTime) latenciesMs.push(answeredMs - sentMs);
    const answer: Answer = JSON.parse(body);
    for (const { status: became, cost, problem } of answer.results) {
      if (became !== 'recorded' || cost === undefined) {
        count(problem?.code ?? became);
        continue;
      }
      recorded += 1;
      if (inTime) recordedInTime += 1;
      acceptedNanos += parseDollars(cost);
    }
  }
  connection.close();
}

/** An answer that never came: its events may stand in the books all the same, and the check will say so. */
function lost(): HttpAnswer {
  return { status: 0, body: '' };
}

function count(what: string): void {
  errors[what] = (errors[what] ?? 0) + 1;
}
