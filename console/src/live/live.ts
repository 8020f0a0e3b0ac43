// Live: the account's server-sent events freshen what the pages have read, and say when they are not heard.
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { accountQuery, meQuery } from '../api/queries.ts';
import type { SchemaAccount } from '../api/schema.d.ts';

export type LiveState = 'connecting' | 'live' | 'lost';

/** How soon what changed is read again; sums over months are dearer, and nobody watches them by the second. */
const FRESHEN_MS = 700;
const FRESHEN_SUMS_MS = 5_000;

/** Keeps one account live while the component is there. A lost connection comes back by itself and reads everything anew. */
export function useLiveAccount(accountId: string | undefined): LiveState {
  const queries = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => {
    if (accountId === undefined) return undefined;
    return listen(accountId, queries, setState);
  }, [accountId, queries]);
  return state;
}

function listen(accountId: string, queries: QueryClient, say: (state: LiveState) => void): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let wait = 1_000;
  const freshen = freshener(accountId, queries, FRESHEN_MS);
  const sums = freshener(accountId, queries, FRESHEN_SUMS_MS);

  function connect(isAgain: boolean): void {
    source = new EventSource(`/v1/accounts/${accountId}/events`);
    source.addEventListener('open', () => {
      wait = 1_000;
      say('live');
      if (isAgain) freshen.everything();
    });
    source.addEventListener('balance', ({ data }: MessageEvent<string>) => {
      queries.setQueryData(accountQuery(accountId).queryKey, JSON.parse(data) as SchemaAccount);
      freshen.soon('transactions');
      sums.soon('usage', 'api-keys');
    });
    source.addEventListener('entry', () => freshen.soon('transactions', 'contributions'));
    source.addEventListener('top-up', () => freshen.soon('top-ups', 'auto-top-up', 'contributions'));
    source.addEventListener('error', () => {
      // the browser's own retry gives up after an answer of 4xx or 5xx; ours goes on
      source?.close();
      say('lost');
      void queries.invalidateQueries({ queryKey: meQuery.queryKey });
      retry = setTimeout(() => connect(true), wait);
      wait = Math.min(wait * 2, 15_000);
    });
  }

  connect(false);
  return () => {
    clearTimeout(retry);
    source?.close();
    freshen.stop();
    sums.stop();
  };
}

/** Reads again what changed, at most once in a moment however many events arrive. */
function freshener(accountId: string, queries: QueryClient, afterMs: number) {
  const due = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = () => {
    timer = undefined;
    for (const kind of due) void queries.invalidateQueries({ queryKey: [kind, accountId] });
    due.clear();
  };
  return {
    soon(...kinds: string[]) {
      for (const kind of kinds) due.add(kind);
      timer ??= setTimeout(run, afterMs);
    },
    everything() {
      void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(accountId) });
    },
    stop: () => clearTimeout(timer),
  };
}
