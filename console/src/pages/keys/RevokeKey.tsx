// Revoking a key, for good.
import { api } from '../../api/client.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { useSend } from '../../parts/form/use-send.ts';
import { type KeyActProps, useFreshKeys } from './key-act.ts';

export function RevokeKey({ context, apiKey, onClose }: KeyActProps) {
  const path = { accountId: context.accountId, apiKeyId: apiKey.id };
  const freshen = useFreshKeys(context.accountId);
  const revoke = useSend(
    () => api.DELETE('/v1/accounts/{accountId}/api-keys/{apiKeyId}', { params: { path } }),
    () => freshen().then(onClose),
  );
  return (
    <Confirm
      title={`Revoke "${apiKey.name}"`}
      action="Revoke for good"
      isPending={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.send(undefined)}
      onClose={onClose}
    >
      Programs that use it are refused within a second. What was used before stays in the history. It cannot
      be undone.
    </Confirm>
  );
}
