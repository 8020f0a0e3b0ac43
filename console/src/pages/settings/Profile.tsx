// Name and address; a new address counts once the mail that goes there was answered.
import { Alert, Button, Group, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { meQuery } from '../../api/queries.ts';
import type { SchemaMe } from '../../api/schema.d.ts';
import { Section } from '../../parts/Section.tsx';
import { authCall } from '../../session/session.ts';
import { rules, useAuthForm } from '../../session/use-auth-form.ts';
import { FormFault } from '../sign-in/FormFault.tsx';

export function Profile({ me }: { readonly me: SchemaMe }) {
  const queries = useQueryClient();
  const [mailedTo, setMailedTo] = useState<string>();
  const name = useAuthForm(
    { initialValues: { name: me.name }, validate: { name: rules.filled('Enter your name.') } },
    async (values) => {
      await authCall('/update-user', { name: values.name.trim() });
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      notifications.show({ message: 'Your name is changed.' });
    },
  );
  const email = useAuthForm(
    { initialValues: { email: me.email }, validate: { email: rules.email } },
    async (values) => {
      const newEmail = values.email.trim();
      await authCall('/change-email', { newEmail });
      setMailedTo(newEmail);
    },
  );
  return (
    <Section
      title="Profile"
      says="The members of your organizations see your name beside what you used and paid."
    >
      <Stack>
        <form onSubmit={name.onSubmit} noValidate>
          {name.fault !== undefined && <FormFault>{name.fault.message}</FormFault>}
          <Group align="flex-end">
            <TextInput label="Name" autoComplete="name" flex={1} {...name.form.getInputProps('name')} />
            <Button
              type="submit"
              variant="default"
              disabled={!name.form.isDirty()}
              loading={name.form.submitting}
            >
              Save
            </Button>
          </Group>
        </form>
        <form onSubmit={email.onSubmit} noValidate>
          {email.fault !== undefined && <FormFault>{email.fault.message}</FormFault>}
          <Group align="flex-end">
            <TextInput
              label="E-mail"
              type="email"
              autoComplete="email"
              flex={1}
              {...email.form.getInputProps('email')}
            />
            <Button
              type="submit"
              variant="default"
              disabled={!email.form.isDirty()}
              loading={email.form.submitting}
            >
              Change
            </Button>
          </Group>
        </form>
        {mailedTo !== undefined && (
          <Alert role="status">
            Answer the mail that confirms it; the address changes to {mailedTo} only then.
          </Alert>
        )}
      </Stack>
    </Section>
  );
}
