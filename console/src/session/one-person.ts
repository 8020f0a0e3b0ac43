// One person: what somebody has read is gone from every window of a browser as soon as nobody, or somebody else, is signed in there.
import { hashKey, type QueryClient } from '@tanstack/react-query';
import { meQuery } from '../api/queries.ts';

const UNKNOWN_MS = 1_000;

const channel = new BroadcastChannel('coffer.session');

/** Forgets what was read, after signing in or out, and has the other windows look who is signed in now. */
export function sessionChanged(queries: QueryClient): void {
  queries.clear();
  channel.postMessage('changed');
}

/**
 * Loads a window anew whose person is no longer the one that is signed in, and asks whenever that may be: when another
 * window says so, and when the browser shows a page again that it had kept, which stays hidden until that is known.
 */
export function keepToOnePerson(queries: QueryClient): void {
  channel.addEventListener(
    'message',
    () => void queries.invalidateQueries({ queryKey: meQuery.queryKey, exact: true }),
  );
  startAnewForAnother(queries);
  const { style } = document.documentElement;
  window.addEventListener('pagehide', () => {
    style.visibility = 'hidden';
  });
  window.addEventListener('pageshow', ({ persisted }) => {
    void (persisted ? isKnown(queries) : Promise.resolve()).finally(() => {
      style.visibility = '';
    });
  });
}

/** Waits until it is known who is signed in; where that cannot be asked, a moment. */
async function isKnown(queries: QueryClient): Promise<void> {
  await queries
    .fetchQuery({ ...meQuery, staleTime: 0, retry: false, networkMode: 'always' })
    // who is not signed in is on the way to sign-in by then
    .catch(() => new Promise((done) => setTimeout(done, UNKNOWN_MS)));
}

function startAnewForAnother(queries: QueryClient): void {
  const cache = queries.getQueryCache();
  let personId: string | undefined;
  cache.subscribe(({ type, query }) => {
    if (query.queryHash !== hashKey(meQuery.queryKey)) return;
    if (type === 'removed') personId = undefined;
    if (type !== 'updated') return;
    const id = queries.getQueryData(meQuery.queryKey)?.id;
    if (personId !== undefined && id !== undefined && id !== personId) {
      queries.clear();
      window.location.replace('/');
    } else personId = id;
  });
}
