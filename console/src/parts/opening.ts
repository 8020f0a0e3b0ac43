// Controls that open a menu or a note: what they open is loaded when somebody turns to them, and takes their place when they are pressed.
import { type ComponentPropsWithRef, useState } from 'react';

/** What is added to a button so that it opens something. */
export type ControlProps = Omit<ComponentPropsWithRef<'button'>, 'color' | 'style' | 'disabled'>;

/** Whether the control was pressed yet, and what makes it load before that. */
export function useOpening(part: { preload(): void }) {
  const [isOpened, setOpened] = useState(false);
  return {
    isOpened,
    control: {
      onPointerEnter: part.preload,
      onFocus: part.preload,
      onClick: () => setOpened(true),
    },
  };
}

/** Does something when the page has nothing better to do, as loading what is soon wanted; gives what takes it back. */
export function whenIdle(work: () => void): () => void {
  // not every browser tells
  if (!('requestIdleCallback' in window)) {
    const timer = setTimeout(work, 2_000);
    return () => clearTimeout(timer);
  }
  const idle = requestIdleCallback(work, { timeout: 5_000 });
  return () => cancelIdleCallback(idle);
}
