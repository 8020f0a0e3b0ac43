// Drafts: what was typed into a form outlives an error, a reload, signing in again and a way through another site's page.
import { useCallback, useState } from 'react';

const PREFIX = 'coffer.draft.';
const OWNER = 'coffer.drafts-of';

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

export function dropDraft(name: string): void {
  sessionStorage.removeItem(keyOf(name));
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

/** The values of a form, kept while they change. */
export function useDraft<T extends object>(name: string, initial: T): [T, (change: Partial<T>) => void] {
  const [values, setValues] = useState(() => readDraft(name, initial) ?? initial);
  const change = useCallback(
    (changed: Partial<T>) =>
      setValues((before) => {
        const after = { ...before, ...changed };
        sessionStorage.setItem(keyOf(name), JSON.stringify(after));
        return after;
      }),
    [name],
  );
  return [values, change];
}

/** Of something read, the fields that have the kind of those expected. */
function sameKind<T extends object>(expected: T, found: object): Partial<T> {
  const kinds = new Map<string, string>(Object.entries(expected).map(([key, value]) => [key, typeof value]));
  return Object.fromEntries(
    Object.entries(found).filter(([key, value]) => kinds.get(key) === typeof value),
  ) as Partial<T>;
}
