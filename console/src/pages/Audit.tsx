// The audit: who changed what of rights, members, keys, rules and money, for owners and admins.
import { Button, Group, Paper, Select, Text } from '@mantine/core';
import { IconDownload, IconX } from '@tabler/icons-react';
import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { api, read } from '../api/client.ts';
import { useAccountContext } from '../context.ts';
import { csvAddress } from '../parts/csv-address.ts';
import { DayRange } from '../parts/DayRange.tsx';
import { PageHeader } from '../parts/PageHeader.tsx';
import { QueryState } from '../parts/QueryState.tsx';
import { ShowMore } from '../parts/ShowMore.tsx';
import { UtcDayNote } from '../parts/UtcDayNote.tsx';
import { AuditTable } from './audit/AuditTable.tsx';
import { type AuditSearch, auditFilterOf, auditKinds } from './audit/audit-search.ts';

const auditQuery = (accountId: string, filter: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: ['audit', accountId, filter],
    queryFn: ({ pageParam }) =>
      read(
        api.GET('/v1/accounts/{accountId}/audit', {
          params: {
            path: { accountId },
            query: { ...filter, limit: 50, ...(pageParam && { cursor: pageParam }) },
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
  const filter = auditFilterOf(search);
  const query = useInfiniteQuery(auditQuery(context.accountId, filter));
  const lines = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const go = (next: AuditSearch) =>
    void navigate({
      to: '/accounts/$context/audit',
      params: { context: context.key },
      search: next,
      replace: true,
    });
  const set = (name: keyof AuditSearch, value: string | null) => {
    const { [name]: _before, ...others } = search;
    go(value === null || value === '' ? others : { ...others, [name]: value });
  };
  const isFiltered = Object.keys(search).length > 0;
  return (
    <>
      <PageHeader
        title="Audit"
        action={
          <Button
            component="a"
            href={csvAddress(context.accountId, 'audit', { ...filter })}
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
      <Group gap="sm" align="flex-end" role="search" aria-label="Filters">
        <DayRange from={search.from} to={search.to} onChange={set} />
        <Select
          label="What"
          size="xs"
          clearable
          placeholder="All"
          data={auditKinds}
          value={search.action ?? null}
          onChange={(action) => set('action', action)}
        />
        {isFiltered && (
          <Button
            size="xs"
            variant="subtle"
            leftSection={<IconX size={14} aria-hidden />}
            onClick={() => go({})}
          >
            Clear
          </Button>
        )}
      </Group>
      <UtcDayNote />
      <Paper mt="md">
        <QueryState query={query} />
        {query.isSuccess && lines.length === 0 && (
          <Text c="dimmed">
            {isFiltered ? 'Nothing matches these filters.' : 'Nothing has been changed yet.'}
          </Text>
        )}
        {lines.length > 0 && <AuditTable lines={lines} />}
        <ShowMore query={query} />
      </Paper>
    </>
  );
}
