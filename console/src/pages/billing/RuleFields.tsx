// The fields of a rule, with what is wrong beside each, and what the rule would have charged in the last 30 days.
import { Alert, Button, Group, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { messageOf } from '../../api/problem.ts';
import { simulationQuery } from '../../api/queries/billing.ts';
import type { SchemaAutoTopUp, SchemaAutoTopUpTerms, SchemaPaymentMethod } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { AmountInput } from '../../parts/form/AmountInput.tsx';
import { tell } from '../../parts/form/faults.ts';
import { cardExpiry, cardName } from './card-text.ts';
import { faultsOf, KEEP, type RuleDraft, type RuleField, termsOf } from './rule-form.ts';
import { simulationText } from './rule-text.ts';
import { useCardSetup } from './use-card-setup.ts';

interface RuleFieldsProps {
  readonly context: Context;
  readonly rule: SchemaAutoTopUp | null;
  readonly myId: string;
  readonly draft: RuleDraft;
  readonly cards: readonly SchemaPaymentMethod[];
  readonly review: { readonly isPending: boolean; readonly error: unknown };
  readonly onChange: (changed: Partial<RuleDraft>) => void;
  readonly onReview: (terms: SchemaAutoTopUpTerms) => void;
}

const FIELDS: readonly RuleField[] = ['threshold', 'amount', 'target', 'cap', 'card'];
const REFUSALS = {
  targetBalance: 'target',
  monthlyCap: 'cap',
  'payment-method-unknown': 'card',
  'card-not-usable': 'card',
} as const;

export function RuleFields(props: RuleFieldsProps) {
  const { context, rule, myId, draft, cards, review, onChange, onReview } = props;
  const [left, setLeft] = useState<ReadonlySet<RuleField>>(new Set());
  const setup = useCardSetup();
  const faults = faultsOf(draft, rule);
  const refused = tell(review.error, FIELDS, REFUSALS);
  const shown = (field: RuleField) =>
    (left.has(field) ? faults[field] : undefined) ?? refused.beside.get(field);
  const terms = termsOf(draft, rule);
  const send = () => {
    setLeft(new Set(FIELDS));
    if (terms !== undefined && faults.card === undefined && !review.isPending) onReview(terms);
  };
  const saveCard = () => {
    onChange({ waitsForCard: true });
    setup.mutate();
  };
  const money = (field: 'threshold' | 'amount' | 'target' | 'cap') => ({
    value: draft[field],
    error: shown(field),
    onChange: (typed: string) => onChange({ [field]: typed }),
    onBlur: () => setLeft(new Set([...left, field])),
  });

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Stack gap="md">
        <AmountInput label="When the balance falls below" data-autofocus {...money('threshold')} />
        <Stack gap="xs">
          <SegmentedControl
            fullWidth
            aria-label="How much is added"
            value={draft.size}
            onChange={(size) => onChange({ size })}
            data={[
              { value: 'amount', label: 'Add an amount' },
              { value: 'target', label: 'Fill up' },
            ]}
          />
          {draft.size === 'amount' ? (
            <AmountInput
              label="Amount"
              description="From $5 to $2,000. If that is not enough to reach the threshold, the smallest multiple of it that is enough is charged."
              {...money('amount')}
            />
          ) : (
            <AmountInput
              label="Balance to fill up to"
              description="At least $5 above the threshold."
              {...money('target')}
            />
          )}
        </Stack>
        <AmountInput
          label="At most per month"
          description="All its charges of a calendar month (UTC) together never exceed this."
          {...money('cap')}
        />
        <Stack gap={4} align="stretch">
          <Select
            label="Card"
            placeholder="Choose a card"
            data={choicesOf(cards, rule, myId)}
            value={draft.card === '' ? null : draft.card}
            error={shown('card')}
            allowDeselect={false}
            onChange={(card) => onChange({ card: card ?? '' })}
          />
          <Group>
            <Button
              size="compact-sm"
              variant="subtle"
              px={0}
              onClick={saveCard}
              loading={setup.isPending || setup.isSuccess}
            >
              Save a new card
            </Button>
          </Group>
        </Stack>
        <Text size="xs" c="dimmed">
          {context.organizationId === undefined
            ? 'Saving a card leads to the payment provider’s page and back; what you typed stays.'
            : 'The others see that you are the sponsor, and never your card. Saving one leads to the payment provider’s page and back; what you typed stays.'}
        </Text>
        <Simulated accountId={context.accountId} terms={terms} />
        {[refused.rest, setup.error === null ? undefined : messageOf(setup.error)].map(
          (says) =>
            says !== undefined && (
              <Alert key={says} color="red" role="alert">
                {says}
              </Alert>
            ),
        )}
        <Button type="submit" loading={review.isPending}>
          Continue
        </Button>
      </Stack>
    </form>
  );
}

function choicesOf(cards: readonly SchemaPaymentMethod[], rule: SchemaAutoTopUp | null, myId: string) {
  const own = cards.map((card) => ({
    value: card.id,
    label: `${cardName(card)}, until ${cardExpiry(card)}`,
  }));
  if (rule === null || rule.sponsor.id === myId) return own;
  return [{ value: KEEP, label: `Keep the card of ${rule.sponsor.name ?? 'the sponsor'}` }, ...own];
}

const TYPING_MS = 400;

interface SimulatedProps {
  readonly accountId: string;
  readonly terms: SchemaAutoTopUpTerms | undefined;
}

/** What the terms would have charged, as soon as typing pauses. */
function Simulated({ accountId, terms }: SimulatedProps) {
  const [settled] = useDebouncedValue(JSON.stringify(terms), TYPING_MS);
  const asked = terms !== undefined && JSON.stringify(terms) === settled ? terms : undefined;
  const { data } = useQuery({
    ...simulationQuery(accountId, asked ?? { threshold: '', monthlyCap: '' }),
    enabled: asked !== undefined,
    placeholderData: keepPreviousData,
  });
  if (terms === undefined || data === undefined) return null;
  return (
    <Alert color="gray" variant="light" role="status" p="sm">
      {simulationText(data)}
    </Alert>
  );
}
