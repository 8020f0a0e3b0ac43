// A new password, for whoever came by the mailed link.
import { Alert, Button, PasswordInput, Stack } from '@mantine/core';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { ProblemError } from '../api/problem.ts';
import { FormFault } from '../parts/form/FormFault.tsx';
import { newPasswordFault } from '../parts/form/rules.ts';
import { useForm } from '../parts/form/use-form.ts';
import { ButtonLink } from '../parts/links.tsx';
import { authCall } from '../session/session.ts';
import { SignedOutPage } from './SignedOutPage.tsx';

export function ResetPassword() {
  const { token } = useSearch({ from: '/sign-in/new-password' });
  const [isDone, setDone] = useState(false);
  const form = useForm({
    initial: { password: '' },
    secret: ['password'],
    faultsOf: ({ password }) => ({ password: newPasswordFault(password) }),
    refusals: { 'password-not-accepted': 'password', newPassword: 'password' },
    send: ({ password }) => authCall('/reset-password', { token: token ?? '', newPassword: password }),
    onSent: () => setDone(true),
  });
  if (isDone) {
    return (
      <SignedOutPage title="Your password is changed">
        <Stack>
          <Alert role="status">Every session that was open has ended. Sign in with the new password.</Alert>
          <ButtonLink to="/sign-in">Sign in</ButtonLink>
        </Stack>
      </SignedOutPage>
    );
  }
  return (
    <SignedOutPage title="Choose a new password">
      {token === undefined ? (
        <Stack>
          <FormFault>This link is not complete. Ask for another one.</FormFault>
          <ButtonLink to="/forgot-password">Mail me a link</ButtonLink>
        </Stack>
      ) : (
        <form {...form.props}>
          {form.rest !== undefined && <FormFault>{form.rest}</FormFault>}
          <Stack gap="sm">
            <PasswordInput
              label="New password"
              description="At least 8 characters."
              autoComplete="new-password"
              autoFocus
              {...form.text('password')}
            />
            <Button type="submit" fullWidth loading={form.isPending}>
              Change password
            </Button>
            {form.error instanceof ProblemError && form.error.code === 'link-invalid' && (
              <ButtonLink to="/forgot-password" variant="subtle">
                Mail me another link
              </ButtonLink>
            )}
          </Stack>
        </form>
      )}
    </SignedOutPage>
  );
}
