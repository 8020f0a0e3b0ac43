// The balance: what it is, what it is made of, and what it means for the next request.
import { Box, Group, Paper, Stack, Text, Title } from '@mantine/core';
import type { SchemaAccount } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { accountStates } from '../../parts/account-state.ts';
import { Hint } from '../../parts/Hint.tsx';
import { Money } from '../../parts/Money.tsx';
import classes from './BalanceCard.module.css';
import { RefusedNotice } from './RefusedNotice.tsx';
import { refusalOf } from './refusal.ts';

interface BalanceCardProps {
  readonly account: SchemaAccount;
  readonly context: Context;
}

export function BalanceCard({ account, context }: BalanceCardProps) {
  const state = accountStates[account.state];
  return (
    <Paper component="section" aria-labelledby="balance">
      <Group justify="space-between" align="flex-start" gap="xl">
        <Stack gap={4} maw={420}>
          <Text id="balance" component="h2" size="sm" c="dimmed" fw={500}>
            Balance
          </Text>
          <Title order={3} size={38} lh={1.1}>
            <Money amount={account.balance} />
          </Title>
          {refusalOf(account) === undefined && (
            <Text size="sm" c="dimmed">
              {state.says}
            </Text>
          )}
        </Stack>
        <div className={classes['parts']}>
          <Part name="Posted" amount={account.posted} says="In the statement">
            The balance after the newest entry of the statement.
          </Part>
          <Part name="Pending" amount={account.pending} says="Counts already">
            What was used or added and is not in the statement yet. It counts in the balance from the first
            moment; an entry follows within seconds or minutes.
          </Part>
          <Part name="Held" amount={account.held} says="Requests under way">
            Reserved for requests that are running. It is still yours: each hold ends with what the request
            really cost, and the rest is free again. New requests can use{' '}
            <Money amount={account.available} fw={600} />.
          </Part>
        </div>
      </Group>
      <Box mt="lg" hidden={refusalOf(account) === undefined}>
        <RefusedNotice account={account} context={context} />
      </Box>
    </Paper>
  );
}

interface PartProps {
  readonly name: string;
  readonly amount: string;
  readonly says: string;
  readonly children: React.ReactNode;
}

function Part({ name, amount, says, children }: PartProps) {
  return (
    <div className={classes['part']}>
      <Group gap={4} wrap="nowrap">
        <Text size="xs" c="dimmed">
          {name}
        </Text>
        <Hint about={name.toLowerCase()}>{children}</Hint>
      </Group>
      <Money amount={amount} fw={600} className={`money ${classes['amount']}`} />
      <Text size="xs" c="dimmed">
        {says}
      </Text>
    </div>
  );
}
