// Drafts: what somebody typed into a form, kept in this tab over a reload, an error or a sign-in. Never a secret.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { meQuery } from '../api/queries.ts';

type Draft = Record<string, string | boolean>;

const PREFIX = 'coffer.draft.';

/**
 * State of a form that outlives the page. It is kept for the person alone, and `forget` takes it away: call it when
 * the form has done its work or was given up.
 */
export function useDraft<T extends Draft>(name: string, initial: T) {
  const { data: me } = useQuery(meQuery);
  const key = `${PREFIX}${me?.id ?? ''}.${name}`;
  const [draft, setDraft] = useState<T>(() => kept(key, initial));
  const change = (changes: Partial<T>) => {
    const next = { ...draft, ...changes };
    setDraft(next);
    sessionStorage.setItem(key, JSON.stringify(next));
  };
  const forget = () => sessionStorage.removeItem(key);
  return { draft, change, forget };
}

/** Takes every draft away, as when somebody signs out. */
export function forgetDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}

function kept<T extends Draft>(key: string, initial: T): T {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(key) ?? 'null');
    if (typeof found !== 'object' || found === null) return initial;
    const fields = Object.entries(found).filter(([name, value]) => typeof value === typeof initial[name]);
    return { ...initial, ...Object.fromEntries(fields) };
  } catch {
    return initial;
  }
}
