// Invitations that wait for the person: one quiet line each, with the two answers.
import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { IconMail } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api, read } from '../api/client.ts';
import { messageOf } from '../api/problem.ts';
import { meQuery, waitingInvitationsQuery } from '../api/queries.ts';
import type { SchemaWaitingInvitation } from '../api/schema.d.ts';

export function WaitingInvitations() {
  const { data } = useQuery(waitingInvitationsQuery);
  const waiting = (data?.items ?? []).filter(({ state }) => state === 'pending');
  if (waiting.length === 0) return null;
  return (
    <Stack gap="xs" mb="lg" component="section" aria-label="Invitations">
      {waiting.map((invitation) => (
        <Waiting key={invitation.id} invitation={invitation} />
      ))}
    </Stack>
  );
}

function Waiting({
  invitation: { id, organization, role, invitedBy },
}: {
  readonly invitation: SchemaWaitingInvitation;
}) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const params = { params: { path: { invitationId: id } } };
  const join = useMutation({
    mutationFn: () => read(api.POST('/v1/me/invitations/{invitationId}/accept', params)),
    onSuccess: async ({ organizationId }) => {
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      const me = await queries.fetchQuery(meQuery);
      const joined = me.organizations.find((one) => one.id === organizationId);
      if (joined !== undefined)
        await navigate({ to: '/accounts/$context/billing', params: { context: joined.slug } });
    },
  });
  const decline = useMutation({
    mutationFn: () => api.POST('/v1/me/invitations/{invitationId}/decline', params),
    onSuccess: () => queries.invalidateQueries({ queryKey: waitingInvitationsQuery.queryKey }),
  });
  const fault = join.error ?? decline.error;
  const name = organization.name ?? 'an organization';
  return (
    <Paper p="sm" radius="md">
      <Group justify="space-between" gap="sm">
        <Group gap="sm" wrap="nowrap" style={{ flex: '1 1 14rem', minWidth: 0 }}>
          <IconMail size={18} stroke={1.6} aria-hidden style={{ flex: 'none' }} />
          <Text size="sm">
            {invitedBy.name ?? 'A member'} invites you to <b>{name}</b> as {role}.
          </Text>
        </Group>
        <Group gap="xs">
          <Button
            size="xs"
            loading={join.isPending || join.isSuccess}
            onClick={() => join.mutate()}
            aria-label={`Join ${name}`}
          >
            Join
          </Button>
          <Button
            size="xs"
            variant="default"
            loading={decline.isPending}
            disabled={join.isPending}
            onClick={() => decline.mutate()}
            aria-label={`Decline the invitation to ${name}`}
          >
            Decline
          </Button>
        </Group>
      </Group>
      {fault !== null && (
        <Text size="sm" c="red" role="alert" mt="xs">
          {messageOf(fault)}
        </Text>
      )}
    </Paper>
  );
}
