// Which lines of a long list are in sight. All are equally high, so it takes no measuring, however many there are.
import { type RefObject, useCallback, useSyncExternalStore } from 'react';

/** So many lines above and below are in the page too, so that scrolling finds them there. */
const MARGIN_LINES = 12;

export interface Sight {
  readonly first: number;
  readonly last: number;
}

/** The first and the last line to put into the page. The window scrolls, not the list. */
export function useLinesInSight(
  list: RefObject<HTMLElement | null>,
  { count, height }: { readonly count: number; readonly height: number },
): Sight {
  const lookAt = () => {
    const above = -(list.current?.getBoundingClientRect().top ?? 0);
    return Math.floor(above / height);
  };
  const top = useSyncExternalStore(listen, lookAt);
  const inWindow = Math.ceil(window.innerHeight / height);
  return {
    first: Math.max(0, top - MARGIN_LINES),
    last: Math.min(count - 1, top + inWindow + MARGIN_LINES),
  };
}

/** Scrolls just so far that a line is in sight, below the header that covers the top. */
export function useScrollToLine(list: RefObject<HTMLElement | null>, height: number) {
  return useCallback(
    (index: number) => {
      const top = (list.current?.getBoundingClientRect().top ?? 0) + index * height;
      const header = document.querySelector('header')?.getBoundingClientRect().bottom ?? 0;
      const missing =
        top < header ? top - header : Math.max(0, top + height - document.documentElement.clientHeight);
      window.scrollBy({ top: missing, behavior: 'instant' });
    },
    [list, height],
  );
}

function listen(changed: () => void): () => void {
  window.addEventListener('scroll', changed, { passive: true });
  window.addEventListener('resize', changed);
  return () => {
    window.removeEventListener('scroll', changed);
    window.removeEventListener('resize', changed);
  };
}
