// Revoking a key, for good.
import { api } from '../../api/client.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { type KeyActProps, useKeyAct } from './key-act.ts';

export function RevokeKey({ context, apiKey, onClose }: KeyActProps) {
  const path = { accountId: context.accountId, apiKeyId: apiKey.id };
  const revoke = useKeyAct(
    context.accountId,
    () => api.DELETE('/v1/accounts/{accountId}/api-keys/{apiKeyId}', { params: { path } }),
    onClose,
  );
  return (
    <Confirm
      title={`Revoke "${apiKey.name}"`}
      action="Revoke for good"
      isPending={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      Programs that use it are refused within a second. What was used before stays in the history. It cannot
      be undone.
    </Confirm>
  );
}
