// Where the keyboard goes on after a dialog: to what opened it.
import { useEffect, useState } from 'react';

/**
 * Gives the focus back when the dialog that calls this goes away: to what had it before, or to the button of the menu
 * that it was chosen in, whichever is still there.
 */
export function useFocusBack(): void {
  const [openers] = useState(openersNow);
  useEffect(
    () => () => {
      // once the dialog is out of the page
      requestAnimationFrame(() => {
        if (document.activeElement !== document.body) return;
        const opener = openers.find((one) => one.isConnected && one.checkVisibility());
        (opener ?? document.querySelector<HTMLElement>('main'))?.focus();
      });
    },
    [openers],
  );
}

/** What has the focus, and where that lies in a menu, the button of the menu. */
function openersNow(): HTMLElement[] {
  const active = document.activeElement;
  if (!(active instanceof HTMLElement)) return [];
  const menu = active.closest('[role="menu"], [role="dialog"]');
  const button = document.getElementById(menu?.getAttribute('aria-labelledby') ?? '');
  return button instanceof HTMLButtonElement ? [active, button] : [active];
}
