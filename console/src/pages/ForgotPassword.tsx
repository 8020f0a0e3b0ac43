// Forgotten password: a link is mailed, whoever asks; whether there is such a person is nobody's business.
import { Button, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { FormFault } from '../parts/form/FormFault.tsx';
import { emailFault } from '../parts/form/rules.ts';
import { useForm } from '../parts/form/use-form.ts';
import { TextLink } from '../parts/links.tsx';
import { authCall } from '../session/session.ts';
import { SignedOutPage } from './SignedOutPage.tsx';
import { MailSent } from './sign-in/MailSent.tsx';

export function ForgotPassword() {
  const [sentTo, setSentTo] = useState<string>();
  const ask = (email: string) => authCall('/request-password-reset', { email });
  const form = useForm({
    draft: 'forgot-password',
    initial: { email: '' },
    faultsOf: ({ email }) => ({ email: emailFault(email) }),
    send: ({ email }) => ask(email.trim()),
    onSent: (_answer, { email }) => setSentTo(email.trim()),
  });
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
      <form {...form.props}>
        {form.rest !== undefined && <FormFault>{form.rest}</FormFault>}
        <Stack gap="sm">
          <TextInput label="E-mail" type="email" autoComplete="email" autoFocus {...form.text('email')} />
          <Button type="submit" fullWidth loading={form.isPending}>
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
