// Sign-up: a name, an address that a mail proves, and a password.
import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { TextLink } from '../parts/links.tsx';
import { authCall } from '../session/session.ts';
import { rules, useAuthForm } from '../session/use-auth-form.ts';
import { SignedOutPage } from './SignedOutPage.tsx';
import { FormFault } from './sign-in/FormFault.tsx';
import { MailSent } from './sign-in/MailSent.tsx';

export function SignUp() {
  const { next, email: invited } = useSearch({ from: '/sign-up' });
  const [sentTo, setSentTo] = useState<string>();
  const after = next ?? '/';
  const { form, fault, onSubmit } = useAuthForm(
    {
      initialValues: { name: '', email: invited ?? '', password: '' },
      validate: {
        name: rules.filled('Enter your name.'),
        email: rules.email,
        password: rules.newPassword,
      },
    },
    async ({ name, email, password }) => {
      const address = email.trim();
      await authCall('/sign-up/email', { name: name.trim(), email: address, password, callbackURL: after });
      setSentTo(address);
    },
  );
  if (sentTo !== undefined) {
    return (
      <MailSent
        title="Check your mail"
        address={sentTo}
        says="Open the link in it to finish. It brings you back here, signed in."
        again={() => authCall('/send-verification-email', { email: sentTo, callbackURL: after })}
      />
    );
  }
  return (
    <SignedOutPage title="Sign up to Coffer" intro="One balance for your team's API usage.">
      <form onSubmit={onSubmit} noValidate>
        {fault !== undefined && <FormFault>{fault.message}</FormFault>}
        <Stack gap="sm">
          <TextInput label="Name" autoComplete="name" autoFocus {...form.getInputProps('name')} />
          <TextInput label="E-mail" type="email" autoComplete="email" {...form.getInputProps('email')} />
          <PasswordInput
            label="Password"
            description="At least 8 characters."
            autoComplete="new-password"
            {...form.getInputProps('password')}
          />
          <Button type="submit" fullWidth mt="xs" loading={form.submitting}>
            Sign up
          </Button>
        </Stack>
      </form>
      <Text size="sm" mt="md" ta="center">
        Signed up already?{' '}
        <TextLink to="/sign-in" search={next === undefined ? {} : { next }} size="sm" underline="always">
          Sign in
        </TextLink>
      </Text>
    </SignedOutPage>
  );
}
