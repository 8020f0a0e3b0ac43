// Forgotten password: a link is mailed, whoever asks; whether there is such a person is nobody's business.
import { Button, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { TextLink } from '../parts/links.tsx';
import { authCall } from '../session/session.ts';
import { rules, useAuthForm } from '../session/use-auth-form.ts';
import { SignedOutPage } from './SignedOutPage.tsx';
import { FormFault } from './sign-in/FormFault.tsx';
import { MailSent } from './sign-in/MailSent.tsx';

export function ForgotPassword() {
  const [sentTo, setSentTo] = useState<string>();
  const ask = (email: string) => authCall('/request-password-reset', { email });
  const { form, fault, onSubmit } = useAuthForm(
    { initialValues: { email: '' }, validate: { email: rules.email } },
    async ({ email }) => {
      await ask(email.trim());
      setSentTo(email.trim());
    },
  );
  if (sentTo !== undefined) {
    return (
      <MailSent
        title="Check your mail"
        address={sentTo}
        says="Its link lets you choose a new password."
        again={() => ask(sentTo)}
      />
    );
  }
  return (
    <SignedOutPage title="Forgot your password?" intro="We mail you a link to choose a new one.">
      <form onSubmit={onSubmit} noValidate>
        {fault !== undefined && <FormFault>{fault.message}</FormFault>}
        <Stack gap="sm">
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="email"
            autoFocus
            {...form.getInputProps('email')}
          />
          <Button type="submit" fullWidth loading={form.submitting}>
            Mail me a link
          </Button>
          <TextLink to="/sign-in" size="sm" ta="center">
            Back to sign-in
          </TextLink>
        </Stack>
      </form>
    </SignedOutPage>
  );
}
