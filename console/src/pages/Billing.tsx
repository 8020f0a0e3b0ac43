// Billing: the balance and what it is made of, adding credit, auto top-up, and who paid what.
import { Button, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { accountQuery } from '../api/queries.ts';
import type { SchemaAccount } from '../api/schema.d.ts';
import { useAccountContext } from '../context.ts';
import { accountStates } from '../parts/account-state.ts';
import { Money } from '../parts/Money.tsx';
import { PageHeader } from '../parts/PageHeader.tsx';
import { QueryState } from '../parts/QueryState.tsx';
import { TopUps } from './billing/TopUps.tsx';
import { FirstRun } from './first-run/FirstRun.tsx';

const AddCredit = lazy(async () => ({ default: (await import('./billing/AddCredit.tsx')).AddCredit }));

export function Billing() {
  const context = useAccountContext();
  const { add } = useSearch({ from: '/signed-in/accounts/$context/billing' });
  const navigate = useNavigate();
  const account = useQuery(accountQuery(context.accountId));
  const showAdding = (isShown: boolean) =>
    navigate({
      to: '/accounts/$context/billing',
      params: { context: context.key },
      search: isShown ? { add: true } : {},
    });
  return (
    <>
      <PageHeader
        title="Billing"
        action={<Button onClick={() => void showAdding(true)}>+ Add Credit to Balance</Button>}
      >
        {context.organizationId === undefined
          ? 'Your personal balance. Nobody else sees it.'
          : `The balance that everybody in ${context.name} shares.`}
      </PageHeader>
      <FirstRun context={context} />
      <Stack gap="lg">
        {account.data === undefined ? (
          <Paper>
            <QueryState query={account} />
          </Paper>
        ) : (
          <BalanceCard account={account.data} />
        )}
        <TopUps accountId={context.accountId} />
      </Stack>
      <Suspense>
        {add === true && <AddCredit context={context} onClose={() => void showAdding(false)} />}
      </Suspense>
    </>
  );
}

function BalanceCard({ account }: { readonly account: SchemaAccount }) {
  const state = accountStates[account.state];
  return (
    <Paper component="section" aria-labelledby="balance">
      <Group justify="space-between" align="flex-start" gap="xl">
        <Stack gap={4} maw={420}>
          <Text id="balance" component="h2" size="sm" c="dimmed" fw={500}>
            Balance
          </Text>
          <Title order={3} size={38} lh={1.1} aria-live="polite">
            <Money amount={account.balance} />
          </Title>
          <Text size="sm" c={account.state === 'ok' ? 'dimmed' : state.color}>
            {state.says}
          </Text>
        </Stack>
        <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="xl" verticalSpacing="sm">
          <Part name="Posted" amount={account.posted} says="In the statement" />
          <Part name="Pending" amount={account.pending} says="Counts already, statement follows" />
          <Part name="Held" amount={account.held} says="Reserved for requests under way" />
        </SimpleGrid>
      </Group>
    </Paper>
  );
}

function Part({
  name,
  amount,
  says,
}: {
  readonly name: string;
  readonly amount: string;
  readonly says: string;
}) {
  return (
    <Stack gap={0}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Money amount={amount} fw={600} />
      <Text size="xs" c="dimmed">
        {says}
      </Text>
    </Stack>
  );
}
