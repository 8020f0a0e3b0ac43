// The Idempotency-Key header: repetitions of a write wait for its answer and get the same one.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request } from 'express';
import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../ledger/clock.ts';
import type { Pool } from '../ledger/database.ts';
import { claimKey, releaseKey, storeAnswer } from '../ledger/idempotency.ts';
import { Problem } from './problem.ts';
import type { RouteAnswer } from './route.ts';

const WAIT_MS = 10_000;
const ASK_AGAIN_MS = 100;

export interface IdempotencyOptions {
  readonly pool: Pool;
  readonly clock: Clock;
}

/**
 * Runs `work` once per caller, key and content, and answers repetitions with what it answered; without the header it
 * just runs. `work` gets the id of what it creates: the same one when a request that died is taken over. Throws
 * `idempotency-key-reused` for other content, `idempotency-key-in-use` when the first takes longer than 10 s.
 */
export async function once(
  { pool, clock }: IdempotencyOptions,
  request: Request,
  call: {
    readonly caller: string;
    readonly body: unknown;
    /** What of the answer is kept for repetitions, where some of it must be shown only once; all of it by default. */
    readonly kept?: (answer: RouteAnswer) => RouteAnswer;
  },
  work: (resourceId: string) => Promise<RouteAnswer>,
): Promise<RouteAnswer> {
  const key = request.get('idempotency-key');
  if (key === undefined) return work(uuidv7());
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Problem('request-invalid', 'An Idempotency-Key has 1 to 255 visible ASCII characters.');
  }
  const content = JSON.stringify([request.method, request.path, call.body]);
  const claim = { caller: call.caller, key, hash: createHash('sha256').update(content).digest() };
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const claimed = await claimKey(pool, claim, clock());
    switch (claimed.kind) {
      case 'mine':
        return answerOnce(pool, claim, claimed.claimedAt, () => work(claimed.resourceId), call.kept);
      case 'answered':
        return {
          status: claimed.answer.status,
          body: claimed.answer.body,
          headers: { ...claimed.answer.headers, 'idempotent-replayed': 'true' },
        };
      case 'other-content':
        throw new Problem(
          'idempotency-key-reused',
          'This Idempotency-Key was sent with another request before.',
        );
      case 'under-way':
        if (Date.now() > deadline)
          throw new Problem('idempotency-key-in-use', undefined, { retryAfterSeconds: 5 });
        await sleep(ASK_AGAIN_MS);
        break;
      default:
        return claimed satisfies never;
    }
  }
}

/** What is kept of an answer whose `secret` is shown only once. */
export function withoutSecret(answer: RouteAnswer): RouteAnswer {
  const { body } = answer;
  return typeof body === 'object' && body !== null ? { ...answer, body: { ...body, secret: null } } : answer;
}

async function answerOnce(
  pool: Pool,
  claim: { caller: string; key: string },
  claimedAt: Date,
  work: () => Promise<RouteAnswer>,
  kept: (answer: RouteAnswer) => RouteAnswer = (answer) => answer,
): Promise<RouteAnswer> {
  try {
    const answer = await work();
    const { status, headers = {}, body } = kept(answer);
    await storeAnswer(pool, claim, { status, headers, body });
    return answer;
  } catch (error) {
    await releaseKey(pool, claim, claimedAt).catch(() => undefined); // it is free after 60 s in any case
    throw error;
  }
}
