// Usage: what was spent over time and by whom, and the tokens behind it.
import { Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { usageQuery } from '../api/queries/usage.ts';
import { useAccountContext } from '../context.ts';
import { PageHeader } from '../parts/PageHeader.tsx';
import { NoUsage } from './usage/NoUsage.tsx';
import classes from './usage/palette.module.css';
import { SpendSection } from './usage/SpendSection.tsx';
import { TokenSection } from './usage/TokenSection.tsx';
import { TopList } from './usage/TopList.tsx';
import { UsageFilters } from './usage/UsageFilters.tsx';
import { periodOf, type UsageSearch, usageFilterOf } from './usage/usage-search.ts';
import { useNames } from './usage/use-names.ts';

export function Usage() {
  const context = useAccountContext();
  const search = useSearch({ from: '/signed-in/accounts/$context/usage' });
  const navigate = useNavigate();
  const isShared = context.organizationId !== undefined;
  const by = search.by ?? (isShared ? 'member' : 'apiKey');
  const names = useNames(context.accountId, search);
  const period = periodOf(search);
  const filter = period && usageFilterOf(search, period);
  const days = useQuery({
    ...usageQuery(context.accountId, { ...filter, groupBy: 'day' }),
    enabled: filter !== undefined,
  });
  const change = (next: UsageSearch) =>
    void navigate({
      to: '/accounts/$context/usage',
      params: { context: context.key },
      search: next,
      replace: true,
    });
  return (
    <div className={classes['palette']}>
      <PageHeader title="Usage">
        {isShared
          ? `What is spent from the balance of ${context.name}, and by whom.`
          : 'What you spend, and on what.'}
      </PageHeader>
      <UsageFilters context={context} by={by} search={search} names={names} onChange={change} />
      {period === undefined || filter === undefined ? (
        <Paper>
          <Text c="dimmed">Choose the first and the last day to see the usage of that time.</Text>
        </Paper>
      ) : days.data?.items.length === 0 ? (
        <NoUsage context={context} search={search} />
      ) : (
        <Stack gap="lg">
          <SpendSection context={context} by={by} filter={filter} period={period} />
          <SimpleGrid cols={{ base: 1, md: isShared ? 3 : 2 }} spacing="lg">
            {isShared && <TopList context={context} by="member" filter={filter} search={search} />}
            <TopList context={context} by="apiKey" filter={filter} search={search} />
            <TopList context={context} by="model" filter={filter} search={search} />
          </SimpleGrid>
          <TokenSection context={context} filter={filter} period={period} />
        </Stack>
      )}
    </div>
  );
}
