// Removing a card of mine, after saying what stops with it.
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { autoTopUpQuery, paymentMethodsQuery } from '../../api/queries.ts';
import type { SchemaPaymentMethod } from '../../api/schema.d.ts';
import type { Context } from '../../context.ts';
import { cardName } from './card-text.ts';

interface RemoveCardProps {
  readonly card: SchemaPaymentMethod;
  /** Auto top-up of the account in sight charges it. */
  readonly isUsedHere: boolean;
  readonly context: Context;
  readonly onClose: () => void;
}

export function RemoveCard({ card, isUsedHere, context, onClose }: RemoveCardProps) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE('/v1/me/payment-methods/{paymentMethodId}', {
        params: { path: { paymentMethodId: card.id } },
      }),
    onSuccess: async () => {
      await Promise.all([
        queries.invalidateQueries(paymentMethodsQuery),
        queries.invalidateQueries(autoTopUpQuery(context.accountId)),
      ]);
      onClose();
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title="Remove this card?"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="md">
        <Text size="sm">
          {cardName(card)} is removed here and at the payment provider.{' '}
          {isUsedHere
            ? `Auto top-up of ${context.name} charges it and pauses at once; owners and admins are told.`
            : 'Wherever auto top-up charges it, it pauses at once.'}
        </Text>
        {remove.error !== null && (
          <Alert color="red" role="alert">
            {messageOf(remove.error)}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            Remove
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
