// A dialog with a form in it; closing it is cancelling, and a click beside it is no way to lose what was typed.
import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useFocusBack } from '../focus-back.ts';
import type { FormFrame } from './use-form.ts';

interface FormDialogProps {
  readonly title: string;
  readonly form: FormFrame;
  /** What the button says that sends it. */
  readonly action: string;
  /** It cannot be taken back: there is a button to cancel too. */
  readonly isDangerous?: boolean;
  /** It is under way although it was answered. */
  readonly isBusy?: boolean;
  /** What is shown instead of the form once it was sent. */
  readonly done?: ReactNode;
  readonly children: ReactNode;
  readonly onClose: () => void;
}

export function FormDialog(props: FormDialogProps) {
  const { title, form, action, isDangerous = false, isBusy = false, done, children, onClose } = props;
  useFocusBack();
  const cancel = () => {
    form.discard();
    onClose();
  };
  const button = (
    <Button type="submit" loading={form.isPending || isBusy} {...(isDangerous && { color: 'red' })}>
      {action}
    </Button>
  );
  return (
    <Modal
      opened
      onClose={cancel}
      title={title}
      closeOnClickOutside={false}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {done ?? (
        <form {...form.props}>
          <Stack>
            {children}
            {form.rest !== undefined && (
              <Alert color="red" role="alert">
                {form.rest}
              </Alert>
            )}
            {isDangerous ? (
              <Group justify="flex-end">
                <Button variant="default" onClick={cancel}>
                  Cancel
                </Button>
                {button}
              </Group>
            ) : (
              button
            )}
          </Stack>
        </form>
      )}
    </Modal>
  );
}
