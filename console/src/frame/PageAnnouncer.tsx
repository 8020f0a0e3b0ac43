// A change of page as a screen reader hears it: the new title is read out, and the focus is never left on what is gone.
import { useEffect, useState } from 'react';

/** The title while there is no page yet. */
const UNNAMED = 'Coffer';

/** Says the title of each page after the first, which the browser reads by itself. */
export function PageAnnouncer() {
  const [said, setSaid] = useState('');
  useEffect(() => {
    const title = document.querySelector('title');
    if (title === null) return undefined;
    let before = document.title;
    const observer = new MutationObserver(() => {
      if (before !== UNNAMED) {
        setSaid(document.title);
        // what had the focus went with its page: the keyboard goes on at the top of the new one
        if (document.activeElement === document.body) document.querySelector<HTMLElement>('main')?.focus();
      }
      before = document.title;
    });
    observer.observe(title, { childList: true });
    return () => observer.disconnect();
  }, []);
  return (
    <p className="sr-only" role="status" aria-label="Page">
      {said}
    </p>
  );
}
