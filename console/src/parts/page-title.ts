// The title of a page: in the window's title, from which a change of page is also read out.
import { useEffect } from 'react';

/** Names the page, the organization it is about with it; what is read out first stands first. */
export function usePageTitle(title: string, about?: string): void {
  useEffect(() => {
    document.title = [title, about, 'Coffer'].filter((part) => part !== undefined).join(' · ');
  }, [title, about]);
}
