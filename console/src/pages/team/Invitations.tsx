// Invitations that wait for an answer: sent again with a new link, or taken back.
import { Badge, Button, Group, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { invitationsQuery } from '../../api/queries/keys.ts';
import { QueryState } from '../../parts/QueryState.tsx';
import { Section } from '../../parts/Section.tsx';
import { When } from '../../parts/When.tsx';
import { type Organization, roleNames, rolesToGive } from './organization.ts';

export function Invitations({ organization }: { readonly organization: Organization }) {
  const { organizationId } = organization;
  const mine = rolesToGive(organization.role);
  const queries = useQueryClient();
  const query = useQuery(invitationsQuery(organizationId));
  const shared = {
    onError: (error: unknown) => notifications.show({ color: 'red', message: messageOf(error) }),
    onSettled: () => queries.invalidateQueries(invitationsQuery(organizationId)),
  };
  const path = (invitationId: string) => ({ params: { path: { organizationId, invitationId } } });
  const resend = useMutation({
    ...shared,
    mutationFn: (id: string) =>
      api.POST('/v1/organizations/{organizationId}/invitations/{invitationId}/resend', path(id)),
    onSuccess: () => notifications.show({ message: 'Sent again. The link sent before is dead.' }),
  });
  const revoke = useMutation({
    ...shared,
    mutationFn: (id: string) =>
      api.DELETE('/v1/organizations/{organizationId}/invitations/{invitationId}', path(id)),
  });
  const items = query.data?.items ?? [];
  return (
    <Section title="Invitations">
      <QueryState query={query} lines={1} />
      {query.isSuccess && items.length === 0 && (
        <Text size="sm" c="dimmed">
          Nobody is invited at the moment.
        </Text>
      )}
      {items.length > 0 && (
        <Table.ScrollContainer minWidth={520}>
          <Table className="stacked" aria-label="Invitations that wait">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Invited</Table.Th>
                <Table.Th>Link works</Table.Th>
                <Table.Th>
                  <span className="sr-only">Actions</span>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map(({ id, email, role, state, sentAt, expiresAt }) => (
                <Table.Tr key={id}>
                  <Table.Td>
                    <Text size="sm" fw={550}>
                      {email}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {roleNames[role]} · sent <When at={sentAt} withTime />
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    {state === 'expired' ? (
                      <Badge color="yellow" variant="light">
                        Expired
                      </Badge>
                    ) : (
                      <Text size="sm">
                        until <When at={expiresAt} />
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>
                    {mine.includes(role) && (
                      <Group gap="xs" justify="flex-end" wrap="nowrap">
                        <Button
                          size="compact-sm"
                          variant="subtle"
                          aria-label={`Send again to ${email}`}
                          loading={resend.isPending && resend.variables === id}
                          onClick={() => resend.mutate(id)}
                        >
                          Send again
                        </Button>
                        <Button
                          size="compact-sm"
                          variant="subtle"
                          color="red"
                          aria-label={`Take back from ${email}`}
                          loading={revoke.isPending && revoke.variables === id}
                          onClick={() => revoke.mutate(id)}
                        >
                          Take back
                        </Button>
                      </Group>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Section>
  );
}
