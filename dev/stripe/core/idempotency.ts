// Idempotency keys: the first reply under a key, kept for 24 hours of sandbox time and given again.
import { createHash } from 'node:crypto';
import type { FormValue } from './form.ts';
import { StripeRefusal } from './refusal.ts';
import type { World } from './world.ts';

const KEPT_MS = 24 * 3_600_000;

export interface KeptReply {
  status: number;
  body: string;
  requestId: string;
}

/** What makes two requests the same: method, path and parameters in any order. */
export function requestHash(method: string, path: string, params: FormValue): string {
  return createHash('sha256')
    .update(`${method} ${path}\n${canonical(params)}`)
    .digest('hex');
}

/** The reply kept under `key`, if any; 400 `idempotency_error` when it was for another request. */
export function keptReply(world: World, key: string, hash: string): KeptReply | null {
  const row = world.store.row(
    'select hash, status, body, request_id from idempotency_keys where key = ? and created_at > ?',
    key,
    world.clock.nowMs() - KEPT_MS,
  );
  if (row === undefined) return null;
  if (row['hash'] !== hash) {
    throw new StripeRefusal(
      400,
      {
        type: 'idempotency_error',
        message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      },
      { executed: false },
    );
  }
  return { status: Number(row['status']), body: String(row['body']), requestId: String(row['request_id']) };
}

/** Keeps a reply; in the same transaction as what the request did. */
export function keepReply(world: World, key: string, hash: string, reply: KeptReply): void {
  const now = world.clock.nowMs();
  world.store.run('delete from idempotency_keys where key = ? and created_at <= ?', key, now - KEPT_MS);
  world.store.run(
    'insert into idempotency_keys (key, hash, status, body, request_id, created_at) values (?, ?, ?, ?, ?, ?)',
    key,
    hash,
    reply.status,
    reply.body,
    reply.requestId,
    now,
  );
}

function canonical(value: FormValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? '')}`);
  return `{${pairs.join(',')}}`;
}
