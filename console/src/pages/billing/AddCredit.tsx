// Add credit: choose an amount, pay on the hosted page, and come back to a balance that has moved.
import { Alert, Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api, read } from '../../api/client.ts';
import { messageOf, ProblemError } from '../../api/problem.ts';
import type { Context } from '../../context.ts';
import { amountFault, typedAmount } from '../../money.ts';
import { dropDraft, useDraft } from '../../parts/draft.ts';
import { AmountInput } from '../../parts/form/AmountInput.tsx';
import { usePageReturn } from '../../parts/page-return.ts';

const PRESETS = ['10', '25', '50', '100'];
const BOUNDS = { least: 5, most: 2_000 };

export function AddCredit({ context, onClose }: { readonly context: Context; readonly onClose: () => void }) {
  const draftName = `add-credit.${context.accountId}`;
  const [{ amount, saveCard }, change] = useDraft(draftName, { amount: '25', saveCard: false });
  const [isChecked, setChecked] = useState(false);
  const wish = useRef<{ content: string; key: string }>(null);
  const field = useRef<HTMLInputElement>(null);
  const fault = amountFault(amount, BOUNDS);

  const pay = useMutation({
    mutationFn: () => {
      const body = { amount: typedAmount(amount), saveCard };
      const content = JSON.stringify(body);
      // the same wish, sent twice by a double click or after a lost reply, is one top-up
      if (wish.current?.content !== content) wish.current = { content, key: crypto.randomUUID() };
      return read(
        api.POST('/v1/accounts/{accountId}/top-ups', {
          params: { path: { accountId: context.accountId }, header: { 'Idempotency-Key': wish.current.key } },
          body,
        }),
      );
    },
    onSuccess: ({ checkoutUrl }) => {
      dropDraft(draftName);
      if (checkoutUrl !== null) window.location.assign(checkoutUrl);
    },
  });
  usePageReturn(pay.reset);

  const edit = (typed: string) => {
    change({ amount: typed });
    if (pay.isError) pay.reset();
  };
  const send = () => {
    setChecked(true);
    if (fault !== undefined) field.current?.focus();
    else if (!pay.isPending && !pay.isSuccess) pay.mutate();
  };
  const refused = refusalOf(pay.error);

  return (
    <Modal opened onClose={onClose} title="Add credit" centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Stack gap="md">
          <Text size="sm" c="dimmed">
            {context.organizationId === undefined
              ? 'It is paid with your card and added to your personal balance.'
              : `It is paid with your own card and added to the balance of ${context.name}. The others see who paid and how much, nothing of your card.`}
          </Text>
          <Group gap="xs" grow role="group" aria-label="Amounts">
            {PRESETS.map((preset) => (
              <Button
                key={preset}
                px={0}
                variant={typedOrNothing(amount) === typedAmount(preset) ? 'filled' : 'default'}
                aria-pressed={typedOrNothing(amount) === typedAmount(preset)}
                onClick={() => edit(preset)}
              >
                ${preset}
              </Button>
            ))}
          </Group>
          <AmountInput
            ref={field}
            label="Amount"
            description={`From $${BOUNDS.least} to $${BOUNDS.most.toLocaleString('en-US')}`}
            data-autofocus
            value={amount}
            error={(isChecked ? fault : undefined) ?? refused.field}
            onType={edit}
            onBlur={() => setChecked(true)}
          />
          <Checkbox
            label="Keep this card for auto top-up"
            description="You agree that it may be charged while you are away, and only by a rule that you set yourself."
            checked={saveCard}
            onChange={({ currentTarget }) => change({ saveCard: currentTarget.checked })}
          />
          {refused.form !== undefined && (
            <Alert color="red" role="alert">
              {refused.form}
            </Alert>
          )}
          {pay.data?.checkoutUrl === null && (
            <Alert color="gray" role="status">
              This payment is over already. Close this and look at the top-ups below.
            </Alert>
          )}
          <Button type="submit" loading={pay.isPending || (pay.isSuccess && pay.data.checkoutUrl !== null)}>
            {pay.isError ? 'Try again' : 'Continue to payment'}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}

/** What was refused: beside the amount where it is about that, below the form otherwise. */
function refusalOf(error: unknown): { readonly field?: string; readonly form?: string } {
  if (error === null) return {};
  if (error instanceof ProblemError) {
    const ofAmount = error.code.startsWith('amount-') ? error.message : error.fields.get('amount');
    if (ofAmount !== undefined) return { field: ofAmount };
    if (error.code === 'rate-limited')
      return { form: `You have begun many payments within the hour. ${error.message}` };
  }
  return { form: messageOf(error) };
}

function typedOrNothing(text: string): string | undefined {
  return amountFault(text, { least: 0, most: BOUNDS.most }) === undefined ? typedAmount(text) : undefined;
}
