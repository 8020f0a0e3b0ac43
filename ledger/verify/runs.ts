// Verify runs: what each found, kept for operators.
import { z } from 'zod';
import type { Pool } from '../database.ts';
import { guaranteeNames, type VerifyReport, type VerifyScope } from './report.ts';

const START_RUN = `
  insert into verify_runs (id, scope, started_at) values ($1::uuid, $2::text, $3::timestamptz) on conflict do nothing`;

const FINISH_RUN = `
  update verify_runs set finished_at = $2::timestamptz, clean = $3::boolean, accounts = $4::int8, entries = $5::int8,
    usage_events = $6::int8, checks = $7::jsonb
  where id = $1::uuid and finished_at is null`;

const READ_RUNS = `
  select id, scope, started_at, finished_at, clean, accounts::int4, entries::text, usage_events::text, checks
  from verify_runs
  where $1::timestamptz is null or (started_at, id) < ($1::timestamptz, $2::uuid)
  order by started_at desc, id desc limit $3::int4`;

const LAST_RUNS = `
  select distinct on (scope) scope, finished_at, clean
  from verify_runs where finished_at is not null order by scope, finished_at desc`;

const report = z.object({
  ok: z.boolean(),
  accounts: z.number(),
  entries: z.number(),
  usageEvents: z.number(),
  checks: z.array(
    z.object({
      guarantee: z.enum(guaranteeNames),
      ok: z.boolean(),
      checked: z.number(),
      offences: z.number(),
      firstOffender: z.string().optional(),
      notes: z.array(z.string()),
    }),
  ),
});

/** A report as it comes back from jsonb or from a heartbeat. */
export function parseReport(value: unknown): VerifyReport {
  const { checks, ...rest } = report.parse(value);
  return { ...rest, checks: checks.map(({ firstOffender, ...check }) => ({ ...check, firstOffender })) };
}

/** A run as it is kept. `clean` and `finishedAt` are null while it is under way, or when it was cut off for good. */
export interface VerifyRun extends Omit<VerifyReport, 'ok'> {
  readonly id: string;
  readonly scope: VerifyScope;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly clean: boolean | null;
}

/** Keeps that a run began; a run that is taken up again stays the same run. */
export async function startRun(pool: Pool, id: string, scope: VerifyScope, now: Date): Promise<void> {
  await pool.query(START_RUN, [id, scope, now]);
}

/** Keeps what a run found, once. */
export async function finishRun(pool: Pool, id: string, found: VerifyReport, now: Date): Promise<void> {
  await pool.query(FINISH_RUN, [
    id,
    now,
    found.ok,
    found.accounts,
    found.entries,
    found.usageEvents,
    JSON.stringify(found.checks),
  ]);
}

interface RunRow {
  id: string;
  scope: VerifyScope;
  started_at: Date;
  finished_at: Date | null;
  clean: boolean | null;
  accounts: number;
  entries: string;
  usage_events: string;
  checks: unknown;
}

/** Runs, newest first, from `before` on. */
export async function readRuns(
  pool: Pool,
  { before, limit }: { before?: { startedAt: string; id: string } | undefined; limit: number },
): Promise<VerifyRun[]> {
  const { rows } = await pool.query<RunRow>(READ_RUNS, [
    before?.startedAt ?? null,
    before?.id ?? null,
    limit,
  ]);
  return rows.map((row) => {
    const [accounts, entries, usageEvents] = [row.accounts, Number(row.entries), Number(row.usage_events)];
    const { ok: _, ...found } = parseReport({ ok: true, accounts, entries, usageEvents, checks: row.checks });
    return {
      ...found,
      id: row.id,
      scope: row.scope,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      clean: row.clean,
    };
  });
}

/** When the last run of a scope ended, and whether everything held. */
export interface LastRun {
  readonly scope: VerifyScope;
  readonly finishedAt: Date;
  readonly clean: boolean;
}

/** The last finished run of each scope. */
export async function readLastRuns(pool: Pool): Promise<LastRun[]> {
  const { rows } = await pool.query<{ scope: VerifyScope; finished_at: Date; clean: boolean }>(LAST_RUNS);
  return rows.map(({ scope, finished_at, clean }) => ({ scope, finishedAt: finished_at, clean }));
}
