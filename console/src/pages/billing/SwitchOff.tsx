// Switching auto top-up off, after asking once.
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { autoTopUpQuery } from '../../api/queries.ts';
import type { SchemaAutoTopUp } from '../../api/schema.d.ts';
import type { Context } from '../../context.ts';
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
    <Modal
      opened
      onClose={onClose}
      title="Switch auto top-up off?"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="md">
        <Text size="sm">{termsText(rule)}</Text>
        <Text size="sm">
          Without it, requests are refused once the balance is used up.
          {rule.topUpInFlight !== null && ' The charge that is under way still adds its credit.'}
        </Text>
        {off.error !== null && (
          <Alert color="red" role="alert">
            {messageOf(off.error)}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it on
          </Button>
          <Button color="red" loading={off.isPending} onClick={() => off.mutate()}>
            Switch off
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
