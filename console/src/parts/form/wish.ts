// Wishes: what a form sends counts once, also when it is sent again after a lost reply, a reload or a sign-in.
import { useRef } from 'react';
import { readDraft, WISH, writeDraft } from '../draft.ts';

export interface Wish {
  /** The `Idempotency-Key` to send. */
  readonly key: string;
  /** When it was first wished for, from which its times are reckoned. ISO 8601. */
  readonly at: string;
}

const NONE = { content: '', key: '', at: '' };

/** Says which wish a content is: the one before if it says the same, else a new one. Kept as long as the draft is. */
export function useWish(draft: string | undefined): (content: object) => Wish {
  const last = useRef<Wish & { readonly content: string }>(null);
  return (values) => {
    const content = JSON.stringify(values);
    const before = last.current ?? (draft === undefined ? undefined : readDraft(draft + WISH, NONE));
    const isSame = before?.content === content && before.key !== '';
    const wish = isSame ? before : { content, key: crypto.randomUUID(), at: new Date().toISOString() };
    last.current = wish;
    if (draft !== undefined) writeDraft(draft + WISH, wish);
    return wish;
  };
}
