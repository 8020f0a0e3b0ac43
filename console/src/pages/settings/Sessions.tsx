// Where I am signed in, with the way to end one session, the others, or all.
import { Badge, Button, Group, Stack, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api, read } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { QueryState } from '../../parts/QueryState.tsx';
import { Section } from '../../parts/Section.tsx';
import { When } from '../../parts/When.tsx';
import { sessionChanged } from '../../session/one-person.ts';

const sessionsQuery = queryOptions({
  queryKey: ['me', 'sessions'],
  queryFn: () => read(api.GET('/v1/me/sessions')),
});

export function Sessions() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const query = useQuery(sessionsQuery);
  const onError = (error: unknown) => notifications.show({ color: 'red', message: messageOf(error) });
  const endOne = useMutation({
    mutationFn: (sessionId: string) =>
      api.DELETE('/v1/me/sessions/{sessionId}', { params: { path: { sessionId } } }),
    onSuccess: () => queries.invalidateQueries(sessionsQuery),
    onError,
  });
  const endAll = useMutation({
    mutationFn: (keepCurrent: boolean) =>
      api.DELETE('/v1/me/sessions', { params: { query: { keepCurrent: keepCurrent ? 'true' : 'false' } } }),
    onSuccess: async (_answer, keepCurrent) => {
      if (keepCurrent) return queries.invalidateQueries(sessionsQuery);
      sessionChanged(queries);
      return navigate({ to: '/sign-in' });
    },
    onError,
  });
  return (
    <Section
      title="Sessions"
      says="Where you are signed in. What you do not know, end, and change your password."
    >
      <QueryState query={query} />
      {query.data !== undefined && (
        <Stack>
          <Table.ScrollContainer minWidth={480}>
            <Table className="stacked" aria-label="Sessions">
              <Table.Thead className="sr-only">
                <Table.Tr>
                  <Table.Th>Device</Table.Th>
                  <Table.Th>Sign out</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {query.data.items.map(({ id, device, address, lastSeenAt, isCurrent }) => (
                  <Table.Tr key={id}>
                    <Table.Td>
                      <Text size="sm">{device}</Text>
                      <Text size="xs" c="dimmed">
                        {address ?? 'Address unknown'} · last seen <When at={lastSeenAt} withTime />
                      </Text>
                    </Table.Td>
                    <Table.Td ta="right">
                      {isCurrent ? (
                        <Badge variant="light">This one</Badge>
                      ) : (
                        <Button
                          size="compact-sm"
                          variant="subtle"
                          color="red"
                          aria-label={`Sign out ${device}`}
                          loading={endOne.isPending && endOne.variables === id}
                          onClick={() => endOne.mutate(id)}
                        >
                          Sign out
                        </Button>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          <Group>
            <Button variant="default" onClick={() => endAll.mutate(true)} loading={endAll.isPending}>
              Sign out everywhere else
            </Button>
            <Button
              variant="subtle"
              color="red"
              onClick={() => endAll.mutate(false)}
              loading={endAll.isPending}
            >
              Sign out everywhere
            </Button>
          </Group>
        </Stack>
      )}
    </Section>
  );
}
