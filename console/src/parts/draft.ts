// Drafts: what was typed into a form outlives an error, a reload, signing in again and a way through another site's page.
import { useRef, useState } from 'react';

const PREFIX = 'coffer.draft.';
const OWNER = 'coffer.drafts-of';
/** Beside a draft: the wish that was sent with it. It goes when the draft goes. */
export const WISH = '#wish';
/** Beside a draft: the page on which its dialog is open. */
const PAGE = '#page';

const keyOf = (name: string) => PREFIX + name;

/** The draft of a form in this tab; undefined when there is none. It holds amounts and choices, never a secret. */
export function readDraft<T extends object>(name: string, initial: T): T | undefined {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(keyOf(name)) ?? 'null');
    return typeof kept === 'object' && kept !== null ? { ...initial, ...sameKind(initial, kept) } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether something was typed there that was neither sent nor cancelled. */
export const hasDraft = (name: string): boolean => sessionStorage.getItem(keyOf(name)) !== null;

/** Keeps a draft as it is now. */
export function writeDraft(name: string, values: object): void {
  sessionStorage.setItem(keyOf(name), JSON.stringify(values));
}

/** Takes a draft away: it was sent, or whoever typed it does not want it. */
export function dropDraft(name: string): void {
  sessionStorage.removeItem(keyOf(name));
  sessionStorage.removeItem(keyOf(name) + PAGE);
  forgetWish(name);
}

/** What is sent next with a draft is a wish of its own, also if it says the same. */
export function forgetWish(name: string): void {
  sessionStorage.removeItem(keyOf(name) + WISH);
}

/** Takes every draft away, as when somebody signs out. */
export function dropDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}

/** Says whose drafts they are from now on; those of somebody else, who was signed in before, are gone. */
export function keepDraftsOf(personId: string): void {
  if (sessionStorage.getItem(OWNER) === personId) return;
  dropDrafts();
  sessionStorage.setItem(OWNER, personId);
}

export interface Draft<T extends object> {
  readonly values: T;
  readonly change: (changed: Partial<T>) => void;
  readonly replace: (next: (before: T) => T) => void;
  /** Keeps it although nothing was changed: it is on its way. */
  readonly keep: () => void;
  /** Takes it away; what was typed still stands. */
  readonly drop: () => void;
  /** Takes it away, and begins anew. */
  readonly discard: () => void;
}

/**
 * The values of a form, kept under a name while they change; without one they are not kept. A name says whose they
 * are (`api-key.<account id>`), so that they never turn up elsewhere. Fields that are `secret` are never kept.
 */
export function useDraft<T extends object>(
  name: string | undefined,
  initial: T,
  secret: readonly string[] = [],
): Draft<T> {
  const [values, setValues] = useState(() => (name && readDraft(name, initial)) || initial);
  const latest = useRef(values);
  const keep = () => {
    if (name === undefined) return;
    const open = Object.entries(latest.current).filter(([field]) => !secret.includes(field));
    writeDraft(name, Object.fromEntries(open));
  };
  const drop = () => {
    if (name !== undefined) dropDraft(name);
  };
  const replace = (next: (before: T) => T) => {
    latest.current = next(latest.current);
    keep();
    setValues(latest.current);
  };
  return {
    values,
    replace,
    change: (changed) => replace((before) => ({ ...before, ...changed })),
    keep,
    drop,
    discard() {
      drop();
      latest.current = initial;
      setValues(initial);
    },
  };
}

/**
 * Whether the dialog with a draft's form is open: it is at once on the page where it was left with something in it, by
 * a reload or an ended session.
 */
export function useDraftDialog(name: string): { isOpen: boolean; open: () => void; close: () => void } {
  const { pathname } = window.location;
  const [isOpen, setOpen] = useState(
    () => hasDraft(name) && sessionStorage.getItem(keyOf(name) + PAGE) === pathname,
  );
  return {
    isOpen,
    open() {
      sessionStorage.setItem(keyOf(name) + PAGE, pathname);
      setOpen(true);
    },
    close: () => setOpen(false),
  };
}

/** Of something read, the fields that have the kind of those expected. */
function sameKind<T extends object>(expected: T, found: object): Partial<T> {
  const kinds = new Map<string, string>(Object.entries(expected).map(([key, value]) => [key, typeof value]));
  return Object.fromEntries(
    Object.entries(found).filter(([key, value]) => value !== null && kinds.get(key) === typeof value),
  ) as Partial<T>;
}
