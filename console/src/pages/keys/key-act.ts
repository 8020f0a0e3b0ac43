// What every act on a key shares: whose key, and the list that shows it afterwards.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { SchemaApiKey } from '../../api/schema.d.ts';
import type { Context } from '../../context.ts';

export interface KeyActProps {
  readonly context: Context;
  readonly apiKey: SchemaApiKey;
  readonly onClose: () => void;
}

/** A mutation of a key that freshens the lists of keys. */
export function useKeyAct<T>(accountId: string, act: () => Promise<T>, onSuccess?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['api-keys', accountId] });
      onSuccess?.();
    },
  });
}
