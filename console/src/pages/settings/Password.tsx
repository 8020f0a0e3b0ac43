// Another password; every other session ends with it.
import { Button, PasswordInput, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { FormFault } from '../../parts/form/FormFault.tsx';
import { emptyFault, newPasswordFault } from '../../parts/form/rules.ts';
import { useForm } from '../../parts/form/use-form.ts';
import { Section } from '../../parts/Section.tsx';
import { authCall } from '../../session/session.ts';

export function Password() {
  const queries = useQueryClient();
  const form = useForm({
    initial: { currentPassword: '', newPassword: '' },
    secret: ['currentPassword', 'newPassword'],
    faultsOf: ({ currentPassword, newPassword }) => ({
      currentPassword: emptyFault(currentPassword, 'Enter the password you sign in with.'),
      newPassword: newPasswordFault(newPassword),
    }),
    refusals: { 'password-wrong': 'currentPassword', 'password-not-accepted': 'newPassword' },
    send: (values) => authCall('/change-password', values),
    onSent: async () => {
      form.discard();
      await queries.invalidateQueries({ queryKey: ['me', 'sessions'] });
      notifications.show({ message: 'Your password is changed, and every other session has ended.' });
    },
  });
  return (
    <Section title="Password" says="Changing it signs you out everywhere else.">
      <form {...form.props}>
        {form.rest !== undefined && <FormFault>{form.rest}</FormFault>}
        <Stack gap="sm" align="flex-start">
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            w="100%"
            {...form.text('currentPassword')}
          />
          <PasswordInput
            label="New password"
            autoComplete="new-password"
            w="100%"
            {...form.text('newPassword')}
          />
          <Button type="submit" variant="default" loading={form.isPending}>
            Change password
          </Button>
        </Stack>
      </form>
    </Section>
  );
}
