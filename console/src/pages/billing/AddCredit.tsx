// Add credit: choose an amount, pay on the hosted page, and come back to a balance that has moved.
import { Alert, Button, Checkbox, Group, Text } from '@mantine/core';
import { api, read } from '../../api/client.ts';
import { ProblemError } from '../../api/problem.ts';
import type { Context } from '../../contexts.ts';
import { amountFault, typedAmount } from '../../money.ts';
import { AmountInput } from '../../parts/form/AmountInput.tsx';
import { FormDialog } from '../../parts/form/FormDialog.tsx';
import { useForm } from '../../parts/form/use-form.ts';
import { usePageReturn } from '../../parts/page-return.ts';
import { addCreditDraft } from './add-credit-draft.ts';

const PRESETS = ['10', '25', '50', '100'];
const BOUNDS = { least: 5, most: 2_000 };
const YES = 'yes';

export function AddCredit({ context, onClose }: { readonly context: Context; readonly onClose: () => void }) {
  const { accountId, organizationId } = context;
  const form = useForm({
    draft: addCreditDraft(accountId),
    initial: { amount: '25', saveCard: '' },
    faultsOf: ({ amount }) => ({ amount: amountFault(amount, BOUNDS) }),
    refusals: {
      'amount-malformed': 'amount',
      'amount-not-in-cents': 'amount',
      'amount-out-of-range': 'amount',
    },
    send: ({ amount, saveCard }, wish) =>
      read(
        api.POST('/v1/accounts/{accountId}/top-ups', {
          params: { path: { accountId }, header: { 'Idempotency-Key': wish().key } },
          body: { amount: typedAmount(amount), saveCard: saveCard === YES },
        }),
      ),
    onSent: ({ checkoutUrl }) => {
      if (checkoutUrl !== null) window.location.assign(checkoutUrl);
    },
    // whoever turns back on the payment page and sends the same again is led to the same payment
    staysWhenSent: true,
  });
  usePageReturn(form.reset);
  const { amount, saveCard } = form.values;
  const isChosen = (preset: string) =>
    amountFault(amount, BOUNDS) === undefined && typedAmount(amount) === typedAmount(preset);
  const isOften = form.error instanceof ProblemError && form.error.code === 'rate-limited';
  const rest = isOften ? `You have begun many payments within the hour. ${form.error.message}` : form.rest;
  return (
    <FormDialog
      title="Add credit"
      form={{ ...form, rest }}
      action={form.error === null ? 'Continue to payment' : 'Try again'}
      isBusy={form.sent !== undefined && form.sent.checkoutUrl !== null}
      onClose={onClose}
    >
      <Text size="sm" c="dimmed">
        {organizationId === undefined
          ? 'It is paid with your card and added to your personal balance.'
          : `It is paid with your own card and added to the balance of ${context.name}. The others see who paid and how much, nothing of your card.`}
      </Text>
      <Group gap="xs" grow role="group" aria-label="Amounts">
        {PRESETS.map((preset) => (
          <Button
            key={preset}
            px={0}
            variant={isChosen(preset) ? 'filled' : 'default'}
            aria-pressed={isChosen(preset)}
            onClick={() => form.set('amount', preset)}
          >
            ${preset}
          </Button>
        ))}
      </Group>
      <AmountInput
        label="Amount"
        description={`From $${BOUNDS.least} to $${BOUNDS.most.toLocaleString('en-US')}`}
        data-autofocus
        {...form.choice('amount')}
      />
      <Checkbox
        label="Keep this card for auto top-up"
        description="You agree that it may be charged while you are away, and only by a rule that you set yourself."
        checked={saveCard === YES}
        onChange={({ currentTarget }) => form.set('saveCard', currentTarget.checked ? YES : '')}
      />
      {form.sent?.checkoutUrl === null && (
        <Alert color="gray" role="status">
          This payment is over already. Close this and look at the top-ups below.
        </Alert>
      )}
    </FormDialog>
  );
}
