// A dialog that makes something with a secret, and then shows the secret this once.
import { Button, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { Secret } from '../Secret.tsx';
import { FormDialog } from './FormDialog.tsx';
import type { FormFrame } from './use-form.ts';

interface SecretDialogProps {
  /** What has the secret: `key`, `token`. */
  readonly kind: string;
  readonly title: string;
  readonly form: FormFrame & {
    readonly sent: { readonly name: string; readonly secret: string | null } | undefined;
  };
  readonly action: string;
  readonly children: ReactNode;
  readonly onClose: () => void;
}

export function SecretDialog({ kind, title, form, action, children, onClose }: SecretDialogProps) {
  const { sent } = form;
  return (
    <FormDialog
      title={sent === undefined ? title : `The ${kind} "${sent.name}"`}
      form={form}
      action={action}
      onClose={onClose}
      done={
        sent && (
          <Stack>
            <Secret secret={sent.secret} kind={kind} />
            <Button variant="default" onClick={onClose}>
              Done
            </Button>
          </Stack>
        )
      }
    >
      {children}
    </FormDialog>
  );
}
