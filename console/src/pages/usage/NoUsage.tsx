// No usage in the chosen time: why that may be, and what to do next.
import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import type { Context } from '../../contexts.ts';
import { ButtonLink } from '../../parts/links.tsx';
import type { UsageSearch } from './usage-search.ts';

export function NoUsage({ context, search }: { readonly context: Context; readonly search: UsageSearch }) {
  const { memberId, apiKeyId, model, ...shown } = search;
  const isLimited = [memberId, apiKeyId, model].some((one) => one !== undefined);
  return (
    <Paper>
      <Stack align="center" gap="sm" py="xl">
        <Title order={2} size="h4">
          No usage in this time
        </Title>
        <Text c="dimmed" ta="center" maw={460}>
          Every request made with an API key of{' '}
          {context.organizationId === undefined ? 'yours' : context.name} shows up here within seconds: what
          it cost, whose key it was, and which model answered.
        </Text>
        <Group justify="center">
          {isLimited && (
            <ButtonLink
              to="/accounts/$context/usage"
              params={{ context: context.key }}
              search={shown}
              variant="default"
            >
              Show everybody's usage
            </ButtonLink>
          )}
          {search.period !== '90d' && (
            <ButtonLink
              to="/accounts/$context/usage"
              params={{ context: context.key }}
              search={{ ...search, period: '90d' }}
              variant="default"
            >
              Show 90 days
            </ButtonLink>
          )}
          <ButtonLink to="/accounts/$context/keys" params={{ context: context.key }}>
            API keys
          </ButtonLink>
        </Group>
      </Stack>
    </Paper>
  );
}
