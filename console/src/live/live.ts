// Live: the account's server-sent events freshen what the pages have read, and say when they are not heard.
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { accountQuery, meQuery } from '../api/queries.ts';
import type { SchemaAccount } from '../api/schema.d.ts';
import { type Heard, shareStream } from './shared-stream.ts';

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
  const freshen = freshener(accountId, queries, FRESHEN_MS);
  const sums = freshener(accountId, queries, FRESHEN_SUMS_MS);
  const take = (name: Extract<Heard, { what: 'event' }>['name'], data: string) => {
    switch (name) {
      case 'balance':
        queries.setQueryData(accountQuery(accountId).queryKey, JSON.parse(data) as SchemaAccount);
        freshen.soon('transactions');
        sums.soon('usage', 'api-keys');
        return;
      case 'entry':
        // with every posting the rule of auto top-up is evaluated
        return freshen.soon('transactions', 'contributions', 'statement', 'auto-top-up');
      case 'top-up':
        return freshen.soon('top-ups', 'auto-top-up', 'contributions');
      default:
        return name satisfies never;
    }
  };
  const stop = shareStream(accountId, (heard) => {
    say(heard.what === 'lost' ? 'lost' : 'live');
    if (heard.what === 'event') take(heard.name, heard.data);
    // the session or the right may be what was lost
    else if (heard.what === 'lost') void queries.invalidateQueries({ queryKey: meQuery.queryKey });
    else if (heard.mayHaveMissed) freshen.everything();
  });
  return () => {
    stop();
    freshen.stop();
    sums.stop();
    say('connecting');
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
