// Stripe's list replies: one page, newest first, with `has_more`.
import type Stripe from 'stripe';
import type { Collection, Query, Range, Stored } from './collection.ts';
import { invalid } from './refusal.ts';

export interface PageParams {
  limit?: number | undefined;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
  created?: Range | number | undefined;
}

/** One page of `objects` as the list route `url` answers it; `view` is how each object is shown. */
export function page<Body extends { id: string }, Hidden>(
  objects: Collection<Body, Hidden>,
  url: string,
  params: PageParams,
  filter: Pick<Query, 'where' | 'also'>,
  view: (stored: Stored<Body, Hidden>) => Body = ({ body }) => body,
): Stripe.ApiList<Body> {
  const limit = params.limit ?? 10;
  for (const name of ['starting_after', 'ending_before'] as const) {
    const cursor = params[name];
    if (cursor !== undefined && objects.find(cursor) === undefined) {
      throw invalid(`No such object: '${cursor}'`, { code: 'resource_missing', param: name });
    }
  }
  const found = objects.list({
    ...filter,
    created: params.created,
    startingAfter: params.starting_after,
    endingBefore: params.ending_before,
    limit: limit + 1,
  });
  const hasMore = found.length > limit;
  const kept = params.ending_before === undefined ? found.slice(0, limit) : found.slice(-limit);
  return { object: 'list', data: kept.map(view), has_more: hasMore, url };
}
