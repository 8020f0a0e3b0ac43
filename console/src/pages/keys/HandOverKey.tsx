// Handing a key to another member: the secret stays, and what it is used for from now on is theirs.
import { Alert, Button, Modal, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { membersQuery } from '../../api/queries/keys.ts';
import { type KeyActProps, useKeyAct } from './key-act.ts';

export function HandOverKey({ context, apiKey, onClose }: KeyActProps) {
  const members = useQuery({
    ...membersQuery(context.organizationId ?? ''),
    enabled: context.organizationId !== undefined,
  });
  const [memberId, setMemberId] = useState<string | null>(null);
  const path = { accountId: context.accountId, apiKeyId: apiKey.id };
  const handOver = useKeyAct(
    context.accountId,
    () =>
      api.POST('/v1/accounts/{accountId}/api-keys/{apiKeyId}/hand-over', {
        params: { path },
        body: { memberId: memberId ?? '' },
      }),
    onClose,
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Hand over "${apiKey.name}"`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        <Text size="sm">
          Programs go on with the same secret. From this moment its usage is in the new member's name; what
          was used before stays {apiKey.member.name}'s.
        </Text>
        <Select
          label="To"
          placeholder="Choose a member"
          searchable
          data-autofocus
          data={(members.data?.items ?? [])
            .filter(({ id }) => id !== apiKey.member.id)
            .map(({ id, name }) => ({ value: id, label: name }))}
          value={memberId}
          onChange={setMemberId}
        />
        {handOver.error !== null && (
          <Alert color="red" role="alert">
            {messageOf(handOver.error)}
          </Alert>
        )}
        <Button loading={handOver.isPending} disabled={memberId === null} onClick={() => handOver.mutate()}>
          Hand over
        </Button>
      </Stack>
    </Modal>
  );
}
