// Name and address; a new address counts once the mail that goes there was answered.
import { Alert, Button, Group, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { meQuery } from '../../api/queries.ts';
import type { SchemaMe } from '../../api/schema.d.ts';
import { FormFault } from '../../parts/form/FormFault.tsx';
import { emailFault, nameFault } from '../../parts/form/rules.ts';
import { type FormFrame, useForm } from '../../parts/form/use-form.ts';
import { Section } from '../../parts/Section.tsx';
import { authCall } from '../../session/session.ts';

export function Profile({ me }: { readonly me: SchemaMe }) {
  const queries = useQueryClient();
  const [mailedTo, setMailedTo] = useState<string>();
  const name = useForm({
    draft: 'my-name',
    initial: { name: me.name },
    faultsOf: (typed) => ({ name: nameFault(typed.name, 'Enter your name.') }),
    send: (typed) => authCall('/update-user', { name: typed.name.trim() }),
    onSent: async () => {
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      notifications.show({ message: 'Your name is changed.' });
    },
  });
  const email = useForm({
    draft: 'my-email',
    initial: { email: me.email },
    faultsOf: (typed) => ({ email: emailFault(typed.email) }),
    refusals: { newEmail: 'email' },
    send: (typed) =>
      authCall('/change-email', { newEmail: typed.email.trim(), callbackURL: '/sign-in/confirmed' }),
    onSent: (_answer, typed) => setMailedTo(typed.email.trim()),
  });
  return (
    <Section
      title="Profile"
      says="The members of your organizations see your name beside what you used and paid."
    >
      <Stack>
        <OneField form={name} action="Save" isSame={name.values.name.trim() === me.name}>
          <TextInput label="Name" autoComplete="name" flex="1 1 14rem" {...name.text('name')} />
        </OneField>
        <OneField form={email} action="Change" isSame={email.values.email.trim() === me.email}>
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="email"
            flex="1 1 14rem"
            {...email.text('email')}
          />
        </OneField>
        {mailedTo !== undefined && (
          <Alert role="status">
            Answer the mail that confirms it; the address changes to {mailedTo} only then.
          </Alert>
        )}
      </Stack>
    </Section>
  );
}

interface OneFieldProps {
  readonly form: FormFrame;
  readonly action: string;
  readonly children: ReactNode;
  /** There is nothing to send. */
  readonly isSame: boolean;
}

/** A form of one field, with its button beside it. */
function OneField({ form, action, isSame, children }: OneFieldProps) {
  return (
    <form {...form.props}>
      {form.rest !== undefined && <FormFault>{form.rest}</FormFault>}
      <Group align="flex-start">
        {children}
        <Button type="submit" variant="default" mt={25} disabled={isSame} loading={form.isPending}>
          {action}
        </Button>
      </Group>
    </form>
  );
}
