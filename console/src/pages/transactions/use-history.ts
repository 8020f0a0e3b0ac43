// The history as a list that grows at both ends: older lines when one scrolls, newer ones when they happen, without a jump.
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo } from 'react';
import { historyQuery, newestQuery, type TransactionFilter } from '../../api/queries/history.ts';
import type { SchemaTransaction } from '../../api/schema.d.ts';
import { useIsAtTop } from './use-is-at-top.ts';

/** From so many lines on, a list that stands at its newest end forgets its older pages; they are read again by scrolling. */
const MOST_KEPT_AT_TOP = 2_000;

/** The lines so far, and those that have happened since and wait until the reader is back at the top. */
export function useHistory(accountId: string, filter: TransactionFilter) {
  const queries = useQueryClient();
  const { queryKey } = historyQuery(accountId, filter);
  const query = useInfiniteQuery(historyQuery(accountId, filter));
  const pages = query.data?.pages;
  const lines = useMemo(() => pages?.flatMap(({ items }) => items) ?? [], [pages]);
  const { data: newest } = useQuery({
    ...newestQuery(accountId, filter),
    enabled: query.isSuccess,
    initialData: () => pages?.[0],
    initialDataUpdatedAt: query.dataUpdatedAt,
  });
  const isAtTop = useIsAtTop();
  const waiting = useMemo(() => unseen(newest?.items ?? [], lines[0]?.id), [newest, lines]);

  const showNewest = useCallback(() => {
    if (newest === undefined) return;
    queries.setQueryData(queryKey, (known) => {
      const [first, ...older] = known?.pages ?? [];
      if (first === undefined || waiting === 'too-many' || lines.length > MOST_KEPT_AT_TOP)
        return { pages: [newest], pageParams: [''] };
      return {
        pages: [{ ...first, items: [...waiting, ...first.items] }, ...older],
        pageParams: known?.pageParams ?? [''],
      };
    });
  }, [queries, queryKey, newest, waiting, lines.length]);

  const isWaiting = waiting === 'too-many' || waiting.length > 0;
  useEffect(() => {
    if (isWaiting && isAtTop) showNewest();
  }, [isWaiting, isAtTop, showNewest]);

  // a page may be empty although there are more: a filter that matches little is searched for piece by piece
  const { hasNextPage, isFetchingNextPage, fetchNextPage, error } = query;
  const isSearching = lines.length === 0 && hasNextPage && error === null;
  useEffect(() => {
    if (isSearching && !isFetchingNextPage) void fetchNextPage();
  }, [isSearching, isFetchingNextPage, fetchNextPage]);

  return {
    query,
    lines,
    isSearching,
    /** How many are new, as far as it is known; undefined when none wait. */
    waiting: isWaiting && !isAtTop ? (waiting === 'too-many' ? 'Many' : String(waiting.length)) : undefined,
    showNewest,
  };
}

/** The lines above the newest one that is shown; `too-many` when that one is not even on the newest page. */
function unseen(items: readonly SchemaTransaction[], shownId: string | undefined) {
  const place = items.findIndex(({ id }) => id === shownId);
  if (place >= 0) return items.slice(0, place);
  return items.length === 0 ? [] : 'too-many';
}
