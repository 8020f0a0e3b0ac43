// Inviting somebody by e-mail, with the role they will have.
import { Alert, Button, Modal, Radio, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { messageOf, ProblemError } from '../../api/problem.ts';
import { type Organization, roleNames, roleSays, rolesToGive } from './organization.ts';

interface InviteProps {
  readonly organization: Organization;
  readonly onClose: () => void;
}

export function Invite({ organization, onClose }: InviteProps) {
  const queries = useQueryClient();
  const roles = rolesToGive(organization.role);
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<(typeof roles)[number]>('member');
  const [isChecked, setChecked] = useState(false);
  const isAddress = /^\S+@\S+\.\S+$/.test(email.trim());
  const invite = useMutation({
    mutationFn: () =>
      api.POST('/v1/organizations/{organizationId}/invitations', {
        params: { path: { organizationId: organization.organizationId } },
        body: { email: email.trim(), role },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['invitations', organization.organizationId] });
      notifications.show({ message: `The invitation to ${email.trim()} is on its way.` });
      onClose();
    },
  });
  const told = invite.error instanceof ProblemError ? invite.error.fields.get('email') : undefined;
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Invite to ${organization.name}`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setChecked(true);
          if (isAddress && !invite.isPending) invite.mutate();
        }}
      >
        <Stack>
          <TextInput
            label="E-mail"
            type="email"
            description="A link goes there that works once, for seven days. It needs no account so far."
            data-autofocus
            value={email}
            error={told ?? (isChecked && !isAddress ? 'Enter an e-mail address.' : undefined)}
            onChange={({ currentTarget }) => setEmail(currentTarget.value)}
          />
          <Radio.Group
            label="Role"
            value={role}
            onChange={(chosen) => setRole(roles.find((one) => one === chosen) ?? 'member')}
          >
            <Stack gap="xs" mt="xs">
              {roles.map((one) => (
                <Radio key={one} value={one} label={roleNames[one]} description={roleSays[one]} />
              ))}
            </Stack>
          </Radio.Group>
          {invite.error !== null && told === undefined && (
            <Alert color="red" role="alert">
              {messageOf(invite.error)}
            </Alert>
          )}
          <Button type="submit" loading={invite.isPending}>
            Send the invitation
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
