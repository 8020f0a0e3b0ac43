// A new password, for whoever came by the mailed link.
import { Alert, Button, PasswordInput, Stack } from '@mantine/core';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { ButtonLink } from '../parts/links.tsx';
import { authCall } from '../session/session.ts';
import { rules, useAuthForm } from '../session/use-auth-form.ts';
import { SignedOutPage } from './SignedOutPage.tsx';
import { FormFault } from './sign-in/FormFault.tsx';

export function ResetPassword() {
  const { token } = useSearch({ from: '/sign-in/new-password' });
  const [isDone, setDone] = useState(false);
  const { form, fault, onSubmit } = useAuthForm(
    { initialValues: { password: '' }, validate: { password: rules.newPassword } },
    async ({ password }) => {
      await authCall('/reset-password', { token: token ?? '', newPassword: password });
      setDone(true);
    },
  );
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
        <form onSubmit={onSubmit} noValidate>
          {fault !== undefined && <FormFault>{fault.message}</FormFault>}
          <Stack gap="sm">
            <PasswordInput
              label="New password"
              description="At least 8 characters."
              autoComplete="new-password"
              autoFocus
              {...form.getInputProps('password')}
            />
            <Button type="submit" fullWidth loading={form.submitting}>
              Change password
            </Button>
            {fault?.code === 'link-invalid' && (
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
