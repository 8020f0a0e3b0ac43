// The statement: the entries of the ledger with the balance after each, for whoever keeps the books.
import { Button, Group, Paper, Text } from '@mantine/core';
import { IconDownload, IconX } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { statementQuery } from '../api/queries/history.ts';
import { useAccountContext } from '../context.ts';
import { csvAddress } from '../parts/csv-address.ts';
import { DayRange } from '../parts/DayRange.tsx';
import { PageHeader } from '../parts/PageHeader.tsx';
import { QueryState } from '../parts/QueryState.tsx';
import { ShowMore } from '../parts/ShowMore.tsx';
import { UtcDayNote } from '../parts/UtcDayNote.tsx';
import { EntryTable } from './statement/EntryTable.tsx';
import { type StatementSearch, statementFilterOf } from './statement/statement-search.ts';

export function Statement() {
  const context = useAccountContext();
  const search = useSearch({ from: '/signed-in/accounts/$context/statement' });
  const navigate = useNavigate();
  const filter = statementFilterOf(search);
  const query = useInfiniteQuery(statementQuery(context.accountId, filter));
  const entries = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const isFiltered = Object.keys(search).length > 0;
  const go = (next: StatementSearch) =>
    void navigate({
      to: '/accounts/$context/statement',
      params: { context: context.key },
      search: next,
      replace: true,
    });
  return (
    <>
      <PageHeader
        title="Statement"
        action={
          <Button
            component="a"
            href={csvAddress(context.accountId, 'statement', { ...filter })}
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            download
          >
            CSV
          </Button>
        }
      >
        Every entry of the books with the balance after it. One entry sums the usage of some seconds or
        minutes.
      </PageHeader>
      <Group gap="sm" align="flex-end" role="search" aria-label="Filters">
        <DayRange
          from={search.from}
          to={search.to}
          onChange={(name, day) => {
            const { [name]: _before, ...other } = search;
            go(day === '' ? other : { ...other, [name]: day });
          }}
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
        <QueryState query={query} lines={8} />
        {query.isSuccess && entries.length === 0 && (
          <Text c="dimmed">
            {isFiltered
              ? 'Nothing was posted on these days.'
              : 'Nothing is posted yet. Credit and usage are entered here a few seconds after they happen.'}
          </Text>
        )}
        {entries.length > 0 && <EntryTable context={context} entries={entries} />}
        <ShowMore query={query} />
      </Paper>
    </>
  );
}
