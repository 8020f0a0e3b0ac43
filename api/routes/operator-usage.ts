// Operators: usage that was rejected and why, and usage that waits for the price of its model.
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import { readRejectedUsage, readUnpricedUsage } from '../../ledger/reading/kept-usage.ts';
import { decodeCursor, decodeIntegers, encodeCursor, invalidCursor, pageFrom } from '../cursor.ts';
import { type Route, type RouteSurroundings, route } from '../route.ts';
import { cursor, limit, pageOf, timestamp, usageCounts } from '../schemas.ts';
import { accountIdFilter } from './operator.ts';

type Surroundings = RouteSurroundings & { readonly pool: Pool };

const rejectedUsage = z
  .strictObject({
    id: z.string(),
    accountId: z.uuid().nullable(),
    usageEventId: z.string().nullable(),
    code: z.string(),
    detail: z.string(),
    event: z.unknown().describe('What was sent, shortened and without secrets.'),
    receivedAt: timestamp,
  })
  .meta({ id: 'RejectedUsage' });

const unpricedUsage = z
  .strictObject({
    accountId: z.uuid(),
    usageEventId: z.string(),
    model: z.string(),
    ...usageCounts,
    occurredAt: timestamp,
    receivedAt: timestamp,
  })
  .meta({ id: 'UnpricedUsage' });

/** `GET /v1/operator/rejected-usage` and `GET /v1/operator/unpriced-usage`. */
export function operatorUsageRoutes(surroundings: Surroundings): Route[] {
  return [rejectedRoute(surroundings), unpricedRoute(surroundings)];
}

function rejectedRoute(surroundings: Surroundings): Route {
  return route(surroundings, {
    method: 'get',
    path: '/v1/operator/rejected-usage',
    summary: 'Usage that was not recorded, newest first',
    tag: 'Operators',
    caller: 'operator',
    scope: 'read',
    query: z.strictObject({
      accountId: accountIdFilter,
      code: z.string().max(100).optional(),
      cursor: cursor.optional(),
      limit,
    }),
    answers: {
      200: { description: 'A page of rejections', schema: pageOf(rejectedUsage, 'RejectedUsagePage') },
    },
    async handle({ query }) {
      const before = query.cursor === undefined ? undefined : decodeIntegers(query.cursor, 1)[0];
      const { accountId, code } = query;
      const rows = await readRejectedUsage(surroundings.pool, {
        before,
        accountId,
        code,
        limit: query.limit + 1,
      });
      const { items, nextCursor } = pageFrom(rows, query.limit, ({ id }) => encodeCursor(id));
      return {
        status: 200,
        body: {
          items: items.map((row) => ({
            id: row.id,
            accountId: row.account_id,
            usageEventId: row.event_id,
            code: row.code,
            detail: row.detail,
            event: row.event,
            receivedAt: row.received_at.toISOString(),
          })),
          nextCursor,
        },
      };
    },
  });
}

function unpricedRoute(surroundings: Surroundings): Route {
  return route(surroundings, {
    method: 'get',
    path: '/v1/operator/unpriced-usage',
    summary: 'Usage that waits for the price of its model, oldest first',
    tag: 'Operators',
    caller: 'operator',
    scope: 'read',
    query: z.strictObject({ model: z.string().max(255).optional(), cursor: cursor.optional(), limit }),
    answers: { 200: { description: 'A page of usage', schema: pageOf(unpricedUsage, 'UnpricedUsagePage') } },
    async handle({ query }) {
      const after = query.cursor === undefined ? undefined : unpricedCursor(query.cursor);
      const rows = await readUnpricedUsage(surroundings.pool, {
        after,
        model: query.model,
        limit: query.limit + 1,
      });
      const { items, nextCursor } = pageFrom(rows, query.limit, (row) =>
        encodeCursor(row.received_exactly, row.account_id, row.id),
      );
      return {
        status: 200,
        body: {
          items: items.map((row) => ({
            accountId: row.account_id,
            usageEventId: row.id,
            model: row.model,
            serviceTier: row.batched ? 'batch' : 'standard',
            inputTokens: row.input_tokens,
            cachedInputTokens: row.cached_input_tokens,
            cacheWriteTokens: row.cache_write_tokens,
            outputTokens: row.output_tokens,
            occurredAt: row.occurred_at.toISOString(),
            receivedAt: row.received_at.toISOString(),
          })),
          nextCursor,
        },
      };
    },
  });
}

const CURSOR = z.tuple([z.iso.datetime({ offset: true, local: false }), z.uuid(), z.string().max(255)]);

function unpricedCursor(text: string): [string, string, string] {
  const result = CURSOR.safeParse(decodeCursor(text, 3));
  if (!result.success) throw invalidCursor();
  return result.data;
}
