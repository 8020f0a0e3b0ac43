// My payment methods: the cards I saved, seen by me alone, whichever account I look at.
import { Alert, Badge, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Suspense, useState } from 'react';
import { messageOf } from '../../api/problem.ts';
import { autoTopUpQuery, paymentMethodsQuery } from '../../api/queries.ts';
import type { SchemaPaymentMethod } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { lazyPart } from '../../parts/load-part.ts';
import { QueryState } from '../../parts/QueryState.tsx';
import { cardExpiry, cardName, isExpired } from './card-text.ts';
import { useCardSetup } from './use-card-setup.ts';

const RemoveCard = lazyPart(async () => (await import('./RemoveCard.tsx')).RemoveCard);

export function PaymentMethods({ context }: { readonly context: Context }) {
  const query = useQuery(paymentMethodsQuery);
  const { data: rule } = useQuery(autoTopUpQuery(context.accountId));
  const setup = useCardSetup();
  const [removed, setRemoved] = useState<SchemaPaymentMethod>();
  const cards = query.data?.items ?? [];
  return (
    <Paper component="section" aria-labelledby="payment-methods">
      <Group justify="space-between" mb="sm">
        <Group gap="xs">
          <Title id="payment-methods" order={2} size="h4">
            My payment methods
          </Title>
          <Badge variant="light" color="gray" leftSection={<IconLock size={12} aria-hidden />}>
            Only you see this
          </Badge>
        </Group>
        <Button
          size="xs"
          variant="default"
          onClick={() => setup.mutate()}
          loading={setup.isPending || setup.isSuccess}
        >
          Add a card
        </Button>
      </Group>
      <QueryState query={query} lines={2} />
      {setup.error !== null && (
        <Alert color="red" role="alert" mb="sm">
          {messageOf(setup.error)}
        </Alert>
      )}
      {query.isSuccess && cards.length === 0 && (
        <Text size="sm" c="dimmed" maw={620}>
          You have saved no card. One is needed only for auto top-up; adding credit by hand works without. The
          number of a card never reaches us, only the payment provider has it.
        </Text>
      )}
      <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
        {cards.map((card) => (
          <Group key={card.id} component="li" justify="space-between" wrap="nowrap">
            <div>
              <Group gap="xs">
                <Text size="sm" fw={550}>
                  {cardName(card)}
                </Text>
                {isExpired(card) && (
                  <Badge size="sm" variant="light" color="red">
                    Expired
                  </Badge>
                )}
                {rule?.paymentMethodId === card.id && (
                  <Badge size="sm" variant="light">
                    Auto top-up
                  </Badge>
                )}
              </Group>
              <Text size="xs" c="dimmed">
                Valid until {cardExpiry(card)}
              </Text>
            </div>
            <Button
              size="xs"
              variant="subtle"
              color="red"
              flex="none"
              onClick={() => setRemoved(card)}
              aria-label={`Remove ${cardName(card)}`}
            >
              Remove
            </Button>
          </Group>
        ))}
      </Stack>
      <Suspense>
        {removed !== undefined && (
          <RemoveCard
            card={removed}
            isUsedHere={rule?.paymentMethodId === removed.id}
            context={context}
            onClose={() => setRemoved(undefined)}
          />
        )}
      </Suspense>
    </Paper>
  );
}
