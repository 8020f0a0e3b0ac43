// /v1/events and /v1/webhook_endpoints: what happened, and who is told.
import { z } from 'zod';
import { newId } from '../core/ids.ts';
import { page } from '../core/lists.ts';
import { boolean, listParams, metadata, params, range, text, url } from '../core/params.ts';
import { badParameter, missing } from '../core/refusal.ts';
import { type Route, route } from '../core/route.ts';
import { buildWebhookEndpoint } from '../objects/webhook-endpoint.ts';
import { viewEvent } from '../webhooks/emit.ts';

const UNDELIVERED = "select 1 from deliveries d where d.event_id = objects.id and d.state <> 'delivered'";

export const eventRoutes: Route[] = [
  route(
    'GET',
    '/v1/events',
    listParams({
      type: text.optional(),
      types: z.array(text).max(20).optional(),
      created: range.optional(),
      delivery_success: boolean.optional(),
    }),
    (query, { world }) => {
      if (query.type !== undefined && query.types !== undefined) {
        throw badParameter('You may only specify one of these parameters: type, types.', {
          code: 'parameters_exclusive',
          param: 'type',
        });
      }
      return page(world.events, '/v1/events', query, { also: filterOf(query) }, ({ body }) =>
        viewEvent(world, body),
      );
    },
  ),
  route('GET', '/v1/events/:id', params({}), (_, { world, id }) => {
    const found = world.events.find(id);
    if (found === undefined) throw missing('event', id);
    return viewEvent(world, found.body);
  }),
  route(
    'POST',
    '/v1/webhook_endpoints',
    params({
      url,
      enabled_events: z.array(text).min(1),
      description: text.optional(),
      metadata: metadata.optional(),
      api_version: text.optional(),
    }),
    (given, { world }) => {
      const secret = newId('whsec', 32);
      const fields = { ...given, enabledEvents: given.enabled_events, metadata: given.metadata ?? {} };
      const endpoint = buildWebhookEndpoint(fields, world.clock.now());
      world.webhookEndpoints.insert(endpoint, { secret });
      return { ...endpoint, secret };
    },
  ),
  route('GET', '/v1/webhook_endpoints', listParams({}), (query, { world }) =>
    page(world.webhookEndpoints, '/v1/webhook_endpoints', query, {}),
  ),
];

function filterOf(query: {
  type?: string | undefined;
  types?: string[] | undefined;
  delivery_success?: boolean | undefined;
}): { sql: string; values: string[] } {
  const conditions = ['true'];
  const types = query.types ?? (query.type === undefined ? [] : [query.type]);
  if (types.length > 0) {
    const matches = types.map(() => "json_extract(body, '$.type') glob ?");
    conditions.push(`(${matches.join(' or ')})`);
  }
  if (query.delivery_success === true) conditions.push(`not exists (${UNDELIVERED})`);
  if (query.delivery_success === false) conditions.push(`exists (${UNDELIVERED})`);
  return { sql: conditions.join(' and '), values: types };
}
