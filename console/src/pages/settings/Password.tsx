// Another password; every other session ends with it.
import { Button, PasswordInput, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { Section } from '../../parts/Section.tsx';
import { authCall } from '../../session/session.ts';
import { rules, useAuthForm } from '../../session/use-auth-form.ts';
import { FormFault } from '../sign-in/FormFault.tsx';

export function Password() {
  const queries = useQueryClient();
  const { form, fault, onSubmit } = useAuthForm(
    {
      initialValues: { currentPassword: '', newPassword: '' },
      validate: {
        currentPassword: rules.filled('Enter the password you sign in with.'),
        newPassword: rules.newPassword,
      },
    },
    async (values) => {
      await authCall('/change-password', values);
      form.reset();
      await queries.invalidateQueries({ queryKey: ['me', 'sessions'] });
      notifications.show({ message: 'Your password is changed, and every other session has ended.' });
    },
  );
  return (
    <Section title="Password" says="Changing it signs you out everywhere else.">
      <form onSubmit={onSubmit} noValidate>
        {fault !== undefined && <FormFault>{fault.message}</FormFault>}
        <Stack gap="sm" align="flex-start">
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            w="100%"
            {...form.getInputProps('currentPassword')}
          />
          <PasswordInput
            label="New password"
            autoComplete="new-password"
            w="100%"
            {...form.getInputProps('newPassword')}
          />
          <Button type="submit" variant="default" loading={form.submitting}>
            Change password
          </Button>
        </Stack>
      </form>
    </Section>
  );
}
