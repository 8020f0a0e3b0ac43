// The audit: who changed what of rights, members, keys, rules and money, for owners and admins.
import { Button, Group, Paper, Select, Table, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { api, read } from '../api/client.ts';
import type { SchemaAuditLine } from '../api/schema.d.ts';
import { useAccountContext } from '../context.ts';
import { csvAddress } from '../parts/csv-address.ts';
import { DayRange } from '../parts/DayRange.tsx';
import { PageHeader } from '../parts/PageHeader.tsx';
import { QueryState } from '../parts/QueryState.tsx';
import { ShowMore } from '../parts/ShowMore.tsx';
import { When } from '../parts/When.tsx';
import { type AuditSearch, auditKinds } from './audit/audit-search.ts';
import { changeText, titleOf } from './audit/line-text.ts';

const auditQuery = (accountId: string, search: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: ['audit', accountId, search],
    queryFn: ({ pageParam }) =>
      read(
        api.GET('/v1/accounts/{accountId}/audit', {
          params: {
            path: { accountId },
            query: { ...search, limit: 50, ...(pageParam && { cursor: pageParam }) },
          },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });

export function Audit() {
  const context = useAccountContext();
  const search = useSearch({ from: '/signed-in/accounts/$context/audit' });
  const navigate = useNavigate();
  const query = useInfiniteQuery(auditQuery(context.accountId, search));
  const lines = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const set = (name: keyof AuditSearch, value: string | null) => {
    const { [name]: _before, ...others } = search;
    void navigate({
      to: '/accounts/$context/audit',
      params: { context: context.key },
      search: value === null || value === '' ? others : { ...others, [name]: value },
      replace: true,
    });
  };
  return (
    <>
      <PageHeader
        title="Audit"
        action={
          <Button
            component="a"
            href={csvAddress(context.accountId, 'audit', { ...search })}
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            download
          >
            CSV
          </Button>
        }
      >
        Every change of rights, members, keys, rules and money.
      </PageHeader>
      <Group gap="sm" mb="md" role="search" aria-label="Filters">
        <DayRange labels={['From', 'Before']} from={search.from} to={search.to} onChange={set} />
        <Select
          label="What"
          size="xs"
          clearable
          placeholder="All"
          data={auditKinds}
          value={search.action ?? null}
          onChange={(action) => set('action', action)}
        />
      </Group>
      <Paper>
        <QueryState query={query} />
        {query.isSuccess && lines.length === 0 && <Text c="dimmed">Nothing matches.</Text>}
        {lines.length > 0 && (
          <Table.ScrollContainer minWidth={640}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>When</Table.Th>
                  <Table.Th>Who</Table.Th>
                  <Table.Th>What</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {lines.map((line) => (
                  <Line key={line.id} line={line} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
        <ShowMore query={query} />
      </Paper>
    </>
  );
}

const ACTORS = { person: '', operator: 'Operator', organization: 'Program', system: 'Coffer itself' };

function Line({ line }: { readonly line: SchemaAuditLine }) {
  const { actor } = line;
  return (
    <Table.Tr>
      <Table.Td style={{ verticalAlign: 'top' }}>
        <When at={line.at} withTime size="sm" />
      </Table.Td>
      <Table.Td style={{ verticalAlign: 'top' }}>
        <Text size="sm">{[ACTORS[actor.kind], actor.name].filter(Boolean).join(': ')}</Text>
        {line.address !== null && (
          <Text size="xs" c="dimmed">
            {line.address}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm" fw={550}>
          {titleOf(line)}
        </Text>
        {changeText(line).map((text) => (
          <Text key={text} size="xs" c="dimmed">
            {text}
          </Text>
        ))}
        {line.reason !== null && <Text size="sm">“{line.reason}”</Text>}
      </Table.Td>
    </Table.Tr>
  );
}
