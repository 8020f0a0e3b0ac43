// A history without lines: what will stand there, and how it begins.
import { Group, Stack, Text } from '@mantine/core';
import type { Context } from '../../contexts.ts';
import { ButtonLink } from '../../parts/links.tsx';

interface NoTransactionsProps {
  readonly context: Context;
  readonly isFiltered: boolean;
}

export function NoTransactions({ context, isFiltered }: NoTransactionsProps) {
  if (isFiltered)
    return (
      <Text p="xl" ta="center" c="dimmed">
        Nothing matches these filters.
      </Text>
    );
  return (
    <Stack p="xl" align="center">
      <Text ta="center" c="dimmed" maw={460}>
        Nothing has happened yet. The first credit, and the first request made with an API key, show up here
        within a second.
      </Text>
      <Group justify="center">
        <ButtonLink to="/accounts/$context/billing" params={{ context: context.key }} search={{ add: true }}>
          Add credit
        </ButtonLink>
        <ButtonLink to="/accounts/$context/keys" params={{ context: context.key }} variant="default">
          API keys
        </ButtonLink>
      </Group>
    </Stack>
  );
}
