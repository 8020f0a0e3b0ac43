// Inviting somebody by e-mail, with the role they will have.
import { Radio, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { FormDialog } from '../../parts/form/FormDialog.tsx';
import { emailFault } from '../../parts/form/rules.ts';
import { useForm } from '../../parts/form/use-form.ts';
import { type Organization, roleNames, roleSays, rolesToGive } from './organization.ts';

/** The draft of the form that invites. */
export const inviteDraft = (organizationId: string) => `invitation.${organizationId}`;

interface InviteProps {
  readonly organization: Organization;
  readonly onClose: () => void;
}

export function Invite({ organization, onClose }: InviteProps) {
  const queries = useQueryClient();
  const { organizationId } = organization;
  const roles = rolesToGive(organization.role);
  const roleOf = (chosen: string) => roles.find((one) => one === chosen) ?? 'member';
  const form = useForm({
    draft: inviteDraft(organizationId),
    initial: { email: '', role: 'member' },
    faultsOf: ({ email }) => ({ email: emailFault(email) }),
    refusals: { 'already-member': 'email', 'already-invited': 'email' },
    send: ({ email, role }, wish) =>
      api.POST('/v1/organizations/{organizationId}/invitations', {
        params: { path: { organizationId }, header: { 'Idempotency-Key': wish().key } },
        body: { email: email.trim(), role: roleOf(role) },
      }),
    onSent: async (_invited, { email }) => {
      await queries.invalidateQueries({ queryKey: ['invitations', organizationId] });
      notifications.show({ message: `The invitation to ${email.trim()} is on its way.` });
      onClose();
    },
  });
  const { value: role, error } = form.text('role');
  return (
    <FormDialog
      title={`Invite to ${organization.name}`}
      form={form}
      action="Send the invitation"
      onClose={onClose}
    >
      <TextInput
        label="E-mail"
        type="email"
        description="A link goes there that works once, for seven days. It needs no account so far."
        data-autofocus
        {...form.text('email')}
      />
      <Radio.Group
        label="Role"
        error={error}
        value={roleOf(role)}
        onChange={(chosen) => form.set('role', chosen)}
      >
        <Stack gap="xs" mt="xs">
          {roles.map((one) => (
            <Radio key={one} value={one} label={roleNames[one]} description={roleSays[one]} />
          ))}
        </Stack>
      </Radio.Group>
    </FormDialog>
  );
}
