// Sign-in: e-mail and password, the second factor where there is one, and back to where one wanted to go.
import { Alert, Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { TextLink } from '../parts/links.tsx';
import { sessionChanged } from '../session/one-person.ts';
import { authCall } from '../session/session.ts';
import { rules, useAuthForm } from '../session/use-auth-form.ts';
import { SignedOutPage } from './SignedOutPage.tsx';
import { FormFault } from './sign-in/FormFault.tsx';
import { SecondFactor } from './sign-in/SecondFactor.tsx';

export function SignIn() {
  const { next, ended } = useSearch({ from: '/sign-in' });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [needsCode, setNeedsCode] = useState(false);
  const enter = async () => {
    sessionChanged(queries);
    await navigate({ to: next ?? '/', replace: true });
  };
  const { form, fault, onSubmit } = useAuthForm(
    {
      initialValues: { email: '', password: '' },
      validate: { email: rules.email, password: rules.filled('Enter your password.') },
    },
    async ({ email, password }) => {
      const answer = await authCall('/sign-in/email', {
        email: email.trim(),
        password,
        callbackURL: next ?? '/',
      });
      if (answer['twoFactorRedirect'] === true) setNeedsCode(true);
      else await enter();
    },
  );
  if (needsCode) return <SecondFactor onDone={enter} onBack={() => setNeedsCode(false)} />;
  return (
    <SignedOutPage title="Sign in to Coffer">
      <form onSubmit={onSubmit} noValidate>
        {ended === true && fault === undefined && (
          <Alert color="blue" mb="sm" role="status">
            Your session has ended. Sign in and you are back where you were; what you typed is kept.
          </Alert>
        )}
        {fault !== undefined && <FormFault>{fault.message}</FormFault>}
        <Stack gap="sm">
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="email"
            autoFocus
            {...form.getInputProps('email')}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            {...form.getInputProps('password')}
          />
          <Button type="submit" fullWidth mt="xs" loading={form.submitting}>
            Sign in
          </Button>
        </Stack>
      </form>
      <Group justify="space-between" mt="md">
        <TextLink to="/forgot-password" size="sm">
          Forgot your password?
        </TextLink>
        <Text size="sm">
          New here?{' '}
          <TextLink to="/sign-up" search={next === undefined ? {} : { next }} size="sm" underline="always">
            Sign up
          </TextLink>
        </Text>
      </Group>
    </SignedOutPage>
  );
}
