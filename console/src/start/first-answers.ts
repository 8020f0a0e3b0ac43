// The first picture waits a moment for what is read already, so that it is drawn once and not piece by piece.
import type { QueryClient } from '@tanstack/react-query';

/** So long the reads may take; then the page is drawn with what there is. */
const MOST_MS = 700;

/** Resolves when everything that is being read is there, or when it has taken long enough. */
export function firstAnswers(queries: QueryClient): Promise<void> {
  if (queries.isFetching() === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, MOST_MS);
    const stop = queries.getQueryCache().subscribe(() => {
      if (queries.isFetching() === 0) done();
    });
  });
}
