// Sign-in: e-mail and password, and back to where one wanted to go.
import { Alert, Button, PasswordInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { messageOf } from '../api/problem.ts';
import { authCall } from '../session/session.ts';
import { SignedOutPage } from './SignedOutPage.tsx';

export function SignIn() {
  const { next } = useSearch({ from: '/sign-in' });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [fault, setFault] = useState<string>();
  const form = useForm({
    initialValues: { email: '', password: '' },
    validate: {
      email: (email) => (/^\S+@\S+$/.test(email.trim()) ? null : 'Enter your e-mail address.'),
      password: (password) => (password === '' ? 'Enter your password.' : null),
    },
  });
  const send = async ({ email, password }: typeof form.values) => {
    setFault(undefined);
    try {
      await authCall('/sign-in/email', { email: email.trim(), password });
      queries.clear();
      await navigate({ to: next ?? '/', replace: true });
    } catch (error) {
      setFault(messageOf(error));
    }
  };
  return (
    <SignedOutPage title="Sign in to Coffer">
      <form onSubmit={form.onSubmit(send)} noValidate>
        {fault !== undefined && (
          <Alert color="red" mb="md" role="alert">
            {fault}
          </Alert>
        )}
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
          mt="sm"
          {...form.getInputProps('password')}
        />
        <Button type="submit" fullWidth mt="lg" loading={form.submitting}>
          Sign in
        </Button>
      </form>
    </SignedOutPage>
  );
}
