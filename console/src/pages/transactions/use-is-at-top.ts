// Whether the page is scrolled to its top, where new lines may come in without moving what somebody reads.
import { useSyncExternalStore } from 'react';

const NEAR_PX = 120;

function listen(changed: () => void): () => void {
  window.addEventListener('scroll', changed, { passive: true });
  return () => window.removeEventListener('scroll', changed);
}

export const useIsAtTop = (): boolean => useSyncExternalStore(listen, () => window.scrollY < NEAR_PX);
