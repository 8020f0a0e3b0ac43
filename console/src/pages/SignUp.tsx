// Sign-up: a name, an address that a mail proves, and a password.
import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { FormFault } from '../parts/form/FormFault.tsx';
import { emailFault, nameFault, newPasswordFault } from '../parts/form/rules.ts';
import { useForm } from '../parts/form/use-form.ts';
import { TextLink } from '../parts/links.tsx';
import { authCall } from '../session/session.ts';
import { SignedOutPage } from './SignedOutPage.tsx';
import { MailSent } from './sign-in/MailSent.tsx';

export function SignUp() {
  const { next, email: invited } = useSearch({ from: '/sign-up' });
  const [sentTo, setSentTo] = useState<string>();
  // their own balance, where the first steps are shown
  const after = next ?? '/accounts/@me/billing';
  const form = useForm({
    draft: `sign-up.${invited ?? ''}`,
    initial: { name: '', email: invited ?? '', password: '' },
    secret: ['password'],
    faultsOf: ({ name, email, password }) => ({
      name: nameFault(name, 'Enter your name.'),
      email: emailFault(email),
      password: newPasswordFault(password),
    }),
    refusals: { 'password-not-accepted': 'password' },
    send: ({ name, email, password }) =>
      authCall('/sign-up/email', {
        name: name.trim(),
        email: email.trim(),
        password,
        callbackURL: after,
      }),
    onSent: (_answer, { email }) => setSentTo(email.trim()),
  });
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
      <form {...form.props}>
        {form.rest !== undefined && <FormFault>{form.rest}</FormFault>}
        <Stack gap="sm">
          <TextInput label="Name" autoComplete="name" autoFocus {...form.text('name')} />
          <TextInput label="E-mail" type="email" autoComplete="email" {...form.text('email')} />
          <PasswordInput
            label="Password"
            description="At least 8 characters."
            autoComplete="new-password"
            {...form.text('password')}
          />
          <Button type="submit" fullWidth mt="xs" loading={form.isPending}>
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
