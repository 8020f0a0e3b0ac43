// Transactions: the history, one line per request and per credit, endless, with its filters in the address.
import { Button, Group, Paper, Text } from '@mantine/core';
import { IconArrowUp, IconDownload } from '@tabler/icons-react';
import { useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { useRef } from 'react';
import { messageOf } from '../api/problem.ts';
import { useAccountContext } from '../context.ts';
import { csvAddress } from '../parts/csv-address.ts';
import { PageHeader } from '../parts/PageHeader.tsx';
import { QueryState } from '../parts/QueryState.tsx';
import { filterOf, isFiltered, type TransactionSearch } from './transaction-search.ts';
import { NoTransactions } from './transactions/NoTransactions.tsx';
import { TransactionDetails } from './transactions/TransactionDetails.tsx';
import { TransactionFilters } from './transactions/TransactionFilters.tsx';
import classes from './transactions/TransactionTable.module.css';
import { TransactionTable } from './transactions/TransactionTable.tsx';
import { useHistory } from './transactions/use-history.ts';

export function Transactions() {
  const context = useAccountContext();
  const search = useSearch({ from: '/signed-in/accounts/$context/transactions' });
  const navigate = useNavigate();
  const router = useRouter();
  const filter = filterOf(search);
  const { query, lines, isSearching, waiting, showNewest } = useHistory(context.accountId, filter);
  const hasOpened = useRef(false);
  const go = (next: TransactionSearch, options: { replace: boolean; resetScroll: boolean }) =>
    void navigate({
      to: '/accounts/$context/transactions',
      params: { context: context.key },
      search: next,
      ...options,
    });
  const open = (id: string) => {
    hasOpened.current = true;
    go({ ...search, line: id }, { replace: false, resetScroll: false });
  };
  const close = () => {
    const { line: _line, ...others } = search;
    if (hasOpened.current) router.history.back();
    else go(others, { replace: true, resetScroll: false });
    hasOpened.current = false;
  };
  return (
    <>
      <PageHeader
        title="Transactions"
        action={
          <Button
            component="a"
            href={csvAddress(context.accountId, 'transactions', filter)}
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
      <TransactionFilters
        context={context}
        search={search}
        onChange={(next) => go(next, { replace: true, resetScroll: true })}
      />
      <div className={classes['news']} role="status">
        {waiting !== undefined && (
          <Button
            size="xs"
            radius="xl"
            leftSection={<IconArrowUp size={14} aria-hidden />}
            onClick={() => {
              showNewest();
              window.scrollTo({ top: 0 });
            }}
          >
            {waiting} new {waiting === '1' ? 'line' : 'lines'}
          </Button>
        )}
      </div>
      <Paper p={0}>
        {query.isPending || isSearching || (query.error !== null && lines.length === 0) ? (
          <Group p="lg" grow>
            <QueryState query={{ ...query, isPending: query.isPending || isSearching }} lines={8} />
          </Group>
        ) : lines.length === 0 ? (
          <NoTransactions context={context} isFiltered={isFiltered(search)} />
        ) : (
          <>
            <TransactionTable
              lines={lines}
              hasMore={query.hasNextPage && query.error === null}
              isLoading={query.isFetchingNextPage}
              onEnd={() => void query.fetchNextPage()}
              onOpen={({ id }) => open(id)}
            />
            {query.error !== null && (
              <Group justify="center" p="md" role="alert">
                <Text size="sm">{messageOf(query.error)}</Text>
                <Button size="xs" variant="light" onClick={() => void query.fetchNextPage()}>
                  Read on
                </Button>
              </Group>
            )}
          </>
        )}
      </Paper>
      <TransactionDetails
        context={context}
        id={search.line}
        known={lines.find(({ id }) => id === search.line)}
        onClose={close}
      />
    </>
  );
}
