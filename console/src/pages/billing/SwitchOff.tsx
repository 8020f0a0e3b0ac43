// Switching auto top-up off, after asking once.
import { Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { autoTopUpQuery } from '../../api/queries.ts';
import type { SchemaAutoTopUp } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { termsText } from './rule-text.ts';

interface SwitchOffProps {
  readonly context: Context;
  readonly rule: SchemaAutoTopUp;
  readonly onClose: () => void;
}

export function SwitchOff({ context, rule, onClose }: SwitchOffProps) {
  const queries = useQueryClient();
  const { accountId } = context;
  const off = useMutation({
    mutationFn: () => api.DELETE('/v1/accounts/{accountId}/auto-top-up', { params: { path: { accountId } } }),
    onSuccess: async () => {
      await queries.invalidateQueries(autoTopUpQuery(accountId));
      onClose();
    },
  });
  return (
    <Confirm
      title="Switch auto top-up off?"
      action="Switch off"
      isPending={off.isPending}
      error={off.error}
      onConfirm={() => off.mutate()}
      onClose={onClose}
    >
      <Stack gap="xs">
        <Text size="sm" fw={550}>
          {termsText(rule)}
        </Text>
        <Text size="sm">
          Without it, requests may be refused once the balance is used up.
          {rule.topUpInFlight !== null && ' The charge that is under way still adds its credit.'}
        </Text>
      </Stack>
    </Confirm>
  );
}
