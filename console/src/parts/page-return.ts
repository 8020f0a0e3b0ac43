// Coming back by the browser's own button: the page stands as it was left, so what was on its way must not be waited for.
import { useEffect } from 'react';

/** Calls `back` when the page is shown again from the browser's memory. */
export function usePageReturn(back: () => void): void {
  useEffect(() => {
    const shown = ({ persisted }: PageTransitionEvent) => {
      if (persisted) back();
    };
    window.addEventListener('pageshow', shown);
    return () => window.removeEventListener('pageshow', shown);
  }, [back]);
}
