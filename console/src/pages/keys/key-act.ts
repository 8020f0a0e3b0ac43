// What every act on a key shares: whose key, under what name its form is kept, and the list that shows it afterwards.
import { useQueryClient } from '@tanstack/react-query';
import type { SchemaApiKey } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { hasDraft } from '../../parts/draft.ts';

export interface KeyActProps {
  readonly context: Context;
  readonly apiKey: SchemaApiKey;
  readonly onClose: () => void;
}

const FORMS = ['rename', 'rotate', 'hand-over'] as const;

/** What may be done to a key; all but `revoke` have a form. */
export type KeyAct = (typeof FORMS)[number] | 'revoke';

/** The draft of the form of an act. */
export const actDraft = (act: (typeof FORMS)[number], apiKey: SchemaApiKey) => `${act}-key.${apiKey.id}`;

/** The draft of the form that makes a key. */
export const newKeyDraft = (accountId: string) => `api-key.${accountId}`;

/** The form that was left open, by a reload or an ended session. */
export function actLeftOpen(
  keys: readonly SchemaApiKey[],
): { act: KeyAct; apiKey: SchemaApiKey } | undefined {
  return keys
    .flatMap((apiKey) => FORMS.map((act) => ({ act, apiKey })))
    .find(({ act, apiKey }) => hasDraft(actDraft(act, apiKey)));
}

/** Freshens the lists of keys. */
export function useFreshKeys(accountId: string): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ['api-keys', accountId] });
}
