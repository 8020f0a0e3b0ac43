// Rejected usage: what was not recorded and why, kept for operators, shortened.
import type { Connection } from '../database.ts';

const INSERT_REJECTED = `
  insert into rejected_usage (account_id, event_id, code, detail, event, received_at)
  select account_id, event_id, code, detail, event, $6::timestamptz
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[]) as r (account_id, event_id, code, detail, event)`;

/** One event that was rejected or conflicts, as it came. */
export interface RejectedUsage {
  readonly accountId: string | null;
  readonly eventId: string | null;
  readonly code: string;
  readonly detail: string;
  readonly event: unknown;
}

const MOST_BYTES = 2_000;

/** Keeps rejections for operators, in one insert. */
export async function keepRejectedUsage(
  connection: Pick<Connection, 'query'>,
  rejected: readonly RejectedUsage[],
  now: Date,
): Promise<void> {
  await connection.query(INSERT_REJECTED, [
    rejected.map(({ accountId }) => accountId),
    rejected.map(({ eventId }) => eventId && storable(eventId).slice(0, MOST_BYTES)),
    rejected.map(({ code }) => code),
    rejected.map(({ detail }) => storable(detail)),
    rejected.map(({ event }) => shortened(event)),
    now,
  ]);
}

function shortened(event: unknown): string {
  const json = written(event);
  const kept = json.length > MOST_BYTES ? JSON.stringify({ shortened: json.slice(0, MOST_BYTES) }) : json;
  return storable(kept).replaceAll(/\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})/g, '\\ufffd');
}

function written(event: unknown): string {
  try {
    return JSON.stringify(event, withoutSecrets) ?? 'null';
  } catch (error) {
    if (error instanceof RangeError) return JSON.stringify({ shortened: '[nested too deeply]' });
    throw error;
  }
}

function withoutSecrets(name: string, value: unknown): unknown {
  return name === 'apiKey' ? '[redacted]' : value;
}

/** Text that Postgres takes: NUL and lone surrogates become U+FFFD. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
