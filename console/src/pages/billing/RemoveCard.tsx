// Removing a card of mine, after saying what stops with it.
import { Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { autoTopUpQuery, paymentMethodsQuery } from '../../api/queries.ts';
import type { SchemaPaymentMethod } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { Confirm } from '../../parts/Confirm.tsx';
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
    <Confirm
      title="Remove this card?"
      action="Remove"
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        {cardName(card)} is removed here and at the payment provider.{' '}
        {isUsedHere
          ? `Auto top-up of ${context.name} charges it and pauses at once; owners and admins are told.`
          : 'Wherever auto top-up charges it, it pauses at once.'}
      </Text>
    </Confirm>
  );
}
