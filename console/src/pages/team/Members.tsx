// The members, with their roles; owners and admins change and remove them, everybody may leave.
import { Button, Group, Select, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { membersQuery } from '../../api/queries/keys.ts';
import { meQuery } from '../../api/queries.ts';
import type { SchemaMember } from '../../api/schema.d.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { hasDraft } from '../../parts/draft.ts';
import { QueryState } from '../../parts/QueryState.tsx';
import { Section } from '../../parts/Section.tsx';
import { When } from '../../parts/When.tsx';
import { isSteward } from '../../rights.ts';
import { type Organization, roleNames, rolesToGive } from './organization.ts';
import { RemoveMember, removalDraft } from './RemoveMember.tsx';

export function Members({ organization }: { readonly organization: Organization }) {
  const { data: me } = useQuery(meQuery);
  const query = useQuery(membersQuery(organization.organizationId));
  const [chosen, setLeaver] = useState<SchemaMember>();
  const [isLeaving, setLeaving] = useState(false);
  // or the one whose removal was left open, by a reload or an ended session
  const leaver = chosen ?? query.data?.items.find(({ id }) => hasDraft(removalDraft(organization, id)));
  return (
    <Section title="Members">
      <QueryState query={query} />
      {query.data !== undefined && (
        <Table.ScrollContainer minWidth={520}>
          <Table className="stacked" aria-label="Members">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>Since</Table.Th>
                <Table.Th>Role</Table.Th>
                <Table.Th w={110}>
                  <span className="sr-only">Actions</span>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {query.data.items.map((member) => {
                const isMe = member.id === me?.id;
                const mayChange =
                  isSteward(organization) && (organization.role === 'owner' || member.role !== 'owner');
                return (
                  <Table.Tr key={member.id}>
                    <Table.Td>
                      <Text size="sm" fw={550}>
                        {member.name}
                        {isMe && ' (you)'}
                      </Text>
                      {member.email !== null && (
                        <Text size="xs" c="dimmed">
                          {member.email}
                        </Text>
                      )}
                    </Table.Td>
                    <Table.Td>
                      <When at={member.joinedAt} size="sm" />
                    </Table.Td>
                    <Table.Td>
                      {mayChange ? (
                        <RoleSelect organization={organization} member={member} />
                      ) : (
                        roleNames[member.role]
                      )}
                    </Table.Td>
                    <Table.Td ta="right">
                      {isMe ? (
                        <Button
                          size="compact-sm"
                          variant="subtle"
                          color="red"
                          onClick={() => setLeaving(true)}
                        >
                          Leave
                        </Button>
                      ) : (
                        mayChange && (
                          <Button
                            size="compact-sm"
                            variant="subtle"
                            color="red"
                            aria-label={`Remove ${member.name}`}
                            onClick={() => setLeaver(member)}
                          >
                            Remove
                          </Button>
                        )
                      )}
                    </Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {leaver !== undefined && (
        <RemoveMember organization={organization} member={leaver} onClose={() => setLeaver(undefined)} />
      )}
      {isLeaving && <Leave organization={organization} onClose={() => setLeaving(false)} />}
    </Section>
  );
}

interface RoleSelectProps {
  readonly organization: Organization;
  readonly member: SchemaMember;
}

function RoleSelect({ organization, member }: RoleSelectProps) {
  const queries = useQueryClient();
  const { organizationId } = organization;
  const change = useMutation({
    mutationFn: (role: SchemaMember['role']) =>
      api.PATCH('/v1/organizations/{organizationId}/members/{memberId}', {
        params: { path: { organizationId, memberId: member.id } },
        body: { role },
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['me'], exact: true }),
    onError: (error) => notifications.show({ color: 'red', message: messageOf(error) }),
    onSettled: () => queries.invalidateQueries(membersQuery(organizationId)),
  });
  const roles = rolesToGive(organization.role);
  return (
    <Select
      size="xs"
      w={110}
      aria-label={`Role of ${member.name}`}
      allowDeselect={false}
      disabled={change.isPending}
      data={roles.map((role) => ({ value: role, label: roleNames[role] }))}
      value={member.role}
      onChange={(chosen) => {
        const role = roles.find((one) => one === chosen);
        if (role !== undefined && role !== member.role) change.mutate(role);
      }}
    />
  );
}

interface LeaveProps {
  readonly organization: Organization;
  readonly onClose: () => void;
}

function Leave({ organization, onClose }: LeaveProps) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: () =>
      api.POST('/v1/organizations/{organizationId}/leave', {
        params: { path: { organizationId: organization.organizationId } },
      }),
    onSuccess: async () => {
      await navigate({ to: '/accounts/$context/billing', params: { context: '@me' } });
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
    },
  });
  return (
    <Confirm
      title={`Leave ${organization.name}`}
      action="Leave"
      isPending={leave.isPending}
      error={leave.error}
      onConfirm={() => leave.mutate()}
      onClose={onClose}
    >
      <Group>
        <Text size="sm">
          Your API keys here are revoked, and auto top-up pauses if it uses your card. What you paid in stays
          with {organization.name}.
        </Text>
      </Group>
    </Confirm>
  );
}
