// Sends usage events to a running Coffer until every one has an answer, whatever happens to the server meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Nanos, parseDollars, sum, ZERO } from '../../ledger/money.ts';
import { CommandFailed, messageOf } from '../command.ts';
import type { TraceEvent } from './trace.ts';

export interface SendOptions {
  readonly baseUrl: string;
  readonly gatewayToken: string;
  /** Events in one request. */
  readonly batch: number;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** How long nothing may get through before it is given up. */
  readonly patienceMs: number;
  readonly onProgress?: (progress: { answered: number; retries: number }) => void;
}

/** What the answers add up to. */
export interface SendTotals {
  recorded: number;
  duplicate: number;
  conflict: number;
  rejected: number;
  /** Accepted, and deducted once their model has a price. */
  unpriced: number;
  /** Of events recorded now, and of those that were recorded before. */
  recordedCost: Nanos;
  duplicateCost: Nanos;
  retries: number;
  /** The first reasons given for events that are not in the books. */
  readonly reasons: string[];
}

const MOST_REASONS = 5;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 3_000;
const REQUEST_TIMEOUT_MS = 30_000;

const answer = z.object({
  results: z.array(
    z.object({
      id: z.string().nullable(),
      status: z.enum(['recorded', 'duplicate', 'conflict', 'rejected']),
      cost: z.string().optional(),
      problem: z
        .object({ code: z.string().optional(), type: z.string().optional(), detail: z.string().optional() })
        .optional(),
    }),
  ),
});
type Answer = z.infer<typeof answer>;

/** Sends all events. An answer that says no for good (a wrong token, a malformed request) ends it in one line. */
export async function sendEvents(events: readonly TraceEvent[], options: SendOptions): Promise<SendTotals> {
  const totals: SendTotals = {
    recorded: 0,
    duplicate: 0,
    conflict: 0,
    rejected: 0,
    unpriced: 0,
    recordedCost: ZERO,
    duplicateCost: ZERO,
    retries: 0,
    reasons: [],
  };
  const progress = { lastMs: performance.now(), answered: 0 };
  let next = 0;
  async function sendInTurn(): Promise<void> {
    while (next < events.length) {
      const batch = events.slice(next, next + options.batch);
      next += batch.length;
      const { results } = await sendBatch(batch, options, totals, progress);
      for (const result of results) count(totals, result);
      progress.answered += batch.length;
      options.onProgress?.({ answered: progress.answered, retries: totals.retries });
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, sendInTurn));
  return totals;
}

async function sendBatch(
  batch: readonly TraceEvent[],
  options: SendOptions,
  totals: SendTotals,
  progress: { lastMs: number },
): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    const outcome = await sendOnce(batch, options);
    if ('results' in outcome) {
      progress.lastMs = performance.now();
      return outcome;
    }
    if (performance.now() - progress.lastMs > options.patienceMs) {
      throw new CommandFailed(
        `${options.baseUrl} has taken nothing for ${options.patienceMs / 1_000} s: ${outcome.reason}`,
      );
    }
    totals.retries += 1;
    await sleep(outcome.afterMs ?? Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries, 10)));
  }
}

/** One request. What may be different next time comes back as a reason, whatever else is thrown. */
async function sendOnce(
  batch: readonly TraceEvent[],
  { baseUrl, gatewayToken }: SendOptions,
): Promise<Answer | { reason: string; afterMs: number | undefined }> {
  let response: Response;
  let body: string;
  try {
    response = await fetch(`${baseUrl}/v1/usage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gatewayToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(batch),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    body = await response.text();
  } catch (e) {
    const cause = e instanceof Error && e.cause instanceof Error ? e.cause : e;
    return { reason: messageOf(cause) || 'no connection', afterMs: undefined };
  }
  if (response.status === 429 || response.status >= 500) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    return {
      reason: `it answers ${response.status}`,
      afterMs: seconds > 0 ? Math.min(seconds, 30) * 1_000 : undefined,
    };
  }
  const parsed = answer.safeParse(jsonOf(body));
  if (!response.ok || !parsed.success || parsed.data.results.length !== batch.length) {
    throw new CommandFailed(`${baseUrl}/v1/usage answers ${response.status}: ${body.slice(0, 300)}`);
  }
  return parsed.data;
}

function count(totals: SendTotals, result: Answer['results'][number]): void {
  totals[result.status] += 1;
  const cost = result.cost === undefined ? undefined : parseDollars(result.cost);
  if (result.status === 'recorded' || result.status === 'duplicate') {
    if (cost === undefined) totals.unpriced += 1;
    else if (result.status === 'recorded') totals.recordedCost = sum([totals.recordedCost, cost]);
    else totals.duplicateCost = sum([totals.duplicateCost, cost]);
  } else if (totals.reasons.length < MOST_REASONS) {
    const { code = result.status, detail = '' } = result.problem ?? {};
    totals.reasons.push(`${result.id}: ${code} ${detail}`.trim());
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
