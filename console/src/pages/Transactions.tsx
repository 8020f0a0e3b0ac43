// Transactions: the history, one line per request and per credit, endless, with its filters in the address.
import { Button, Group, Paper, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { transactionsQuery } from '../api/queries.ts';
import type { SchemaTransaction } from '../api/schema.d.ts';
import { useAccountContext } from '../context.ts';
import { csvAddress } from '../parts/csv-address.ts';
import { PageHeader } from '../parts/PageHeader.tsx';
import { QueryState } from '../parts/QueryState.tsx';
import { filterOf, type TransactionSearch } from './transaction-search.ts';
import { TransactionDetails } from './transactions/TransactionDetails.tsx';
import { TransactionFilters } from './transactions/TransactionFilters.tsx';
import { TransactionTable } from './transactions/TransactionTable.tsx';

export function Transactions() {
  const context = useAccountContext();
  const search = useSearch({ from: '/signed-in/accounts/$context/transactions' });
  const navigate = useNavigate();
  const query = useInfiniteQuery(transactionsQuery(context.accountId, filterOf(search)));
  const [shown, setShown] = useState<SchemaTransaction>();
  const lines = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const change = (next: TransactionSearch) =>
    void navigate({
      to: '/accounts/$context/transactions',
      params: { context: context.key },
      search: next,
      replace: true,
    });
  const isFiltered = Object.keys(search).length > 0;
  return (
    <>
      <PageHeader
        title="Transactions"
        action={
          <Button
            component="a"
            href={csvAddress(context.accountId, 'transactions', filterOf(search))}
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            download
          >
            CSV
          </Button>
        }
      >
        Every request and every credit, newest first.
      </PageHeader>
      <TransactionFilters accountId={context.accountId} search={search} onChange={change} />
      <Paper p={0} mt="md">
        {query.isPending || (query.error !== null && lines.length === 0) ? (
          <Group p="lg" grow>
            <QueryState query={query} lines={8} />
          </Group>
        ) : lines.length === 0 ? (
          <Text p="xl" ta="center" c="dimmed">
            {isFiltered
              ? 'Nothing matches these filters.'
              : 'Nothing has happened yet. The first request made with an API key, and the first credit, show up here within a second.'}
          </Text>
        ) : (
          <TransactionTable
            lines={lines}
            hasMore={query.hasNextPage}
            isLoading={query.isFetchingNextPage}
            onEnd={() => void query.fetchNextPage()}
            onOpen={setShown}
          />
        )}
      </Paper>
      <TransactionDetails context={context} line={shown} onClose={() => setShown(undefined)} />
    </>
  );
}
