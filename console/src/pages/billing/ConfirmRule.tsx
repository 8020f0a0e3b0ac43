// The last look before a rule counts: which card, which amount, how much a month, what is charged at once, and the consent.
import { Alert, Button, Checkbox, Group, List, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { messageOf } from '../../api/problem.ts';
import type { SchemaAutoTopUp, SchemaPaymentMethod } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { formatMoney } from '../../money.ts';
import { cardName } from './card-text.ts';

interface ConfirmRuleProps {
  readonly context: Context;
  /** The rule as it will be, with what it charges at once. */
  readonly preview: SchemaAutoTopUp;
  /** The card, if it is one of mine; another's is not mine to know. */
  readonly card: SchemaPaymentMethod | undefined;
  /** A rule is in force already. */
  readonly isOn: boolean;
  readonly store: { readonly isPending: boolean; readonly error: unknown };
  readonly onBack: () => void;
  readonly onAgree: () => void;
}

export function ConfirmRule({ context, preview, card, isOn, store, onBack, onAgree }: ConfirmRuleProps) {
  const [isAgreed, setAgreed] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const { amount, targetBalance, threshold, monthlyCap, chargesNow, sponsor } = preview;
  const cardWords =
    card === undefined ? `the card of ${sponsor.name ?? 'the sponsor'}` : `your ${cardName(card)}`;
  const needsConsent = card !== undefined;
  const whose =
    context.organizationId === undefined ? 'your personal balance' : `the balance of ${context.name}`;
  const agreement =
    chargesNow !== null
      ? `Agree and charge ${formatMoney(chargesNow)}`
      : isOn
        ? 'Agree and change'
        : 'Agree and switch on';
  const send = () => {
    setAsked(true);
    if (!store.isPending && (isAgreed || !needsConsent)) onAgree();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Stack gap="md">
        <List spacing={6} size="sm" tabIndex={-1} data-autofocus style={{ outline: 'none' }}>
          <List.Item>
            When {whose} falls below <b>{formatMoney(threshold)}</b>, {cardWords} is charged{' '}
            <b>
              {amount !== null
                ? formatMoney(amount)
                : `what fills it up to ${formatMoney(targetBalance ?? threshold)}`}
            </b>
            .
          </List.Item>
          {amount !== null && (
            <List.Item>
              If that is not enough to reach {formatMoney(threshold)}, the smallest multiple of it that is
              enough is charged, in one payment.
            </List.Item>
          )}
          <List.Item>
            Never more than <b>{formatMoney(monthlyCap)} in a calendar month</b> (UTC).
          </List.Item>
          {context.organizationId !== undefined && (
            <List.Item>
              Only {card === undefined ? 'the sponsor' : 'you'} can raise this. Any owner or admin can lower
              it, switch it off, or go on with a card of their own.
            </List.Item>
          )}
        </List>
        {chargesNow !== null && (
          <Alert color="yellow" title={`${formatMoney(chargesNow)} is charged at once`}>
            The balance is below the threshold now.
          </Alert>
        )}
        {needsConsent && (
          <Checkbox
            label={`I agree that my ${cardName(card)} is charged by this rule while I am away, until it is switched off.`}
            checked={isAgreed}
            error={isAsked && !isAgreed ? 'It needs your consent.' : undefined}
            onChange={({ currentTarget }) => setAgreed(currentTarget.checked)}
          />
        )}
        {store.error !== null && (
          <Alert color="red" role="alert">
            {messageOf(store.error)}
          </Alert>
        )}
        <Group justify="space-between">
          <Button variant="default" onClick={onBack}>
            Back
          </Button>
          <Button type="submit" loading={store.isPending}>
            {agreement}
          </Button>
        </Group>
        <Text size="xs" c="dimmed">
          Receipts come to you by e-mail. Switching it off takes effect at once; a charge that is already sent
          still adds its credit.
        </Text>
      </Stack>
    </form>
  );
}
