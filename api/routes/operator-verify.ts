// Operators: what the last verify runs found, and a run that starts now.
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import { guaranteeNames, guarantees } from '../../ledger/verify/report.ts';
import { readRuns, type VerifyRun } from '../../ledger/verify/runs.ts';
import { startVerify, type TemporalClient } from '../../workflows/client.ts';
import { decodeCursor, encodeCursor, invalidCursor, pageFrom } from '../cursor.ts';
import { Problem } from '../problem.ts';
import { type Route, type RouteSurroundings, route } from '../route.ts';
import { cursor, limit, pageOf, timestamp } from '../schemas.ts';

export type VerifySurroundings = RouteSurroundings & {
  readonly pool: Pool;
  readonly temporal: TemporalClient;
};

const scope = z
  .enum(['full', 'since-checkpoint'])
  .describe('Everything, or only what came since each account was last found in order.');

const count = z.int().min(0);

const verifyRun = z
  .strictObject({
    id: z.uuid(),
    scope,
    startedAt: timestamp,
    finishedAt: timestamp.nullable().describe('Null while it is under way, or when it was cut off for good.'),
    clean: z.boolean().nullable().describe('Whether everything holds.'),
    accounts: count,
    entries: count,
    usageEvents: count,
    checks: z.array(
      z.strictObject({
        guarantee: z.enum(guaranteeNames),
        says: z.string(),
        holds: z.boolean(),
        checked: count,
        offences: count,
        firstOffender: z.string().nullable(),
        notes: z.array(z.string()).describe('What to know although nothing is broken.'),
      }),
    ),
  })
  .meta({ id: 'VerifyRun' });

const started = z.strictObject({ id: z.uuid(), scope }).meta({ id: 'VerifyStarted' });

/** `GET` and `POST /v1/operator/verify`. */
export function operatorVerifyRoutes(surroundings: VerifySurroundings): Route[] {
  return [resultsRoute(surroundings), startRoute(surroundings)];
}

function resultsRoute(surroundings: VerifySurroundings): Route {
  return route(surroundings, {
    method: 'get',
    path: '/v1/operator/verify',
    summary: 'What the verify runs found, newest first',
    tag: 'Operators',
    caller: 'operator',
    scope: 'read',
    query: z.strictObject({ cursor: cursor.optional(), limit }),
    answers: { 200: { description: 'A page of runs', schema: pageOf(verifyRun, 'VerifyRunPage') } },
    async handle({ query }) {
      const before = query.cursor === undefined ? undefined : placeOf(query.cursor);
      const runs = await readRuns(surroundings.pool, { before, limit: query.limit + 1 });
      const { items, nextCursor } = pageFrom(runs, query.limit, ({ id, startedAt }) =>
        encodeCursor(startedAt.toISOString(), id),
      );
      return { status: 200, body: { items: items.map(shown), nextCursor } };
    },
  });
}

function startRoute(surroundings: VerifySurroundings): Route {
  return route(surroundings, {
    method: 'post',
    path: '/v1/operator/verify',
    summary: 'Check now that everything holds which must always hold',
    description:
      'Answers at once; the result is in the list when it ends. While a run that was started here is under way, it is that one.',
    tag: 'Operators',
    caller: 'operator',
    scope: 'money',
    body: z.strictObject({ scope: scope.default('full') }).meta({ id: 'VerifyRequest' }),
    answers: { 202: { description: 'The run that is under way', schema: started } },
    problems: ['workflows-unavailable'],
    async handle({ body }) {
      const id = await startVerify(surroundings.temporal, body).catch((error: unknown) => {
        throw error instanceof ServiceError || isGrpcServiceError(error) ? unavailable(error) : error;
      });
      return { status: 202, body: { id, scope: body.scope } };
    },
  });
}

function unavailable(cause: Error): Problem {
  const detail = 'Temporal does not answer. Nothing was started: try again in a moment.';
  return new Problem('workflows-unavailable', detail, { retryAfterSeconds: 5, cause });
}

function shown({ startedAt, finishedAt, checks, ...run }: VerifyRun): z.input<typeof verifyRun> {
  return {
    ...run,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
    checks: checks.map(({ ok, firstOffender, notes, ...check }) => ({
      ...check,
      says: guarantees[check.guarantee],
      holds: ok,
      firstOffender: firstOffender ?? null,
      notes: [...notes],
    })),
  };
}

const PLACE = z.tuple([z.iso.datetime(), z.uuid()]);

function placeOf(text: string): { startedAt: string; id: string } {
  const result = PLACE.safeParse(decodeCursor(text, 2));
  if (!result.success) throw invalidCursor();
  const [startedAt, id] = result.data;
  return { startedAt, id };
}
