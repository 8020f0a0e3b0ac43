// Sign-in: e-mail and password, the second factor where there is one, and back to where one wanted to go.
import { Alert, Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { FormFault } from '../parts/form/FormFault.tsx';
import { emailFault, emptyFault } from '../parts/form/rules.ts';
import { useForm } from '../parts/form/use-form.ts';
import { TextLink } from '../parts/links.tsx';
import { sessionChanged } from '../session/one-person.ts';
import { authCall } from '../session/session.ts';
import { SignedOutPage } from './SignedOutPage.tsx';
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
  const form = useForm({
    draft: 'sign-in',
    initial: { email: '', password: '' },
    secret: ['password'],
    faultsOf: ({ email, password }) => ({
      email: emailFault(email),
      password: emptyFault(password, 'Enter your password.'),
    }),
    send: ({ email, password }) =>
      authCall('/sign-in/email', { email: email.trim(), password, callbackURL: next ?? '/' }),
    onSent: (answer) => (answer['twoFactorRedirect'] === true ? setNeedsCode(true) : enter()),
  });
  if (needsCode) return <SecondFactor onDone={enter} onBack={() => setNeedsCode(false)} />;
  return (
    <SignedOutPage title="Sign in to Coffer">
      <form {...form.props}>
        {ended === true && form.rest === undefined && (
          <Alert color="blue" mb="sm" role="status">
            Your session has ended. Sign in and you are back where you were; what you typed is kept.
          </Alert>
        )}
        {form.rest !== undefined && <FormFault>{form.rest}</FormFault>}
        <Stack gap="sm">
          <TextInput label="E-mail" type="email" autoComplete="email" autoFocus {...form.text('email')} />
          <PasswordInput label="Password" autoComplete="current-password" {...form.text('password')} />
          <Button type="submit" fullWidth mt="xs" loading={form.isPending}>
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
