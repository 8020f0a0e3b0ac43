// A question before something that ends for good: it is answered by typing what ends.
import { Stack, Text, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { FormDialog } from './FormDialog.tsx';
import { useForm } from './use-form.ts';

interface ConfirmByTypingProps {
  readonly draft: string;
  readonly title: string;
  /** What is to be typed. */
  readonly expected: string;
  readonly action: string;
  readonly send: (typed: string) => Promise<unknown>;
  readonly onSent: () => Promise<void>;
  readonly onClose: () => void;
  /** What happens. */
  readonly children: ReactNode;
}

export function ConfirmByTyping(props: ConfirmByTypingProps) {
  const { draft, title, expected, action, send, onSent, onClose, children } = props;
  const form = useForm({
    draft,
    initial: { typed: '' },
    faultsOf: ({ typed }) => ({
      typed:
        typed.trim().toLowerCase() === expected.toLowerCase()
          ? undefined
          : `To confirm, type exactly: ${expected}`,
    }),
    refusals: { confirm: 'typed' },
    send: ({ typed }) => send(typed.trim()),
    onSent,
  });
  return (
    <FormDialog title={title} form={form} action={action} isDangerous onClose={onClose}>
      <Stack>
        <Text size="sm">{children}</Text>
        <TextInput
          label={`Type ${expected} to confirm`}
          autoComplete="off"
          data-autofocus
          {...form.text('typed')}
        />
      </Stack>
    </FormDialog>
  );
}
