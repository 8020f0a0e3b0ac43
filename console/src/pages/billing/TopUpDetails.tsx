// One top-up: who paid it, how it stands, and its timeline.
import { Badge, Button, Code, CopyButton, Drawer, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { topUpQuery } from '../../api/queries.ts';
import type { SchemaTopUpDetail } from '../../api/schema.d.ts';
import { useFocusBack } from '../../parts/focus-back.ts';
import { Money } from '../../parts/Money.tsx';
import { QueryState } from '../../parts/QueryState.tsx';
import { TopUpTimeline } from '../../parts/TopUpTimeline.tsx';
import { topUpEndings, topUpModes, topUpStates } from '../../parts/top-up-text.ts';

interface TopUpDetailsProps {
  readonly accountId: string;
  readonly topUpId: string;
  readonly onClose: () => void;
}

export function TopUpDetails({ accountId, topUpId, onClose }: TopUpDetailsProps) {
  useFocusBack();
  const query = useQuery(topUpQuery(accountId, topUpId));
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      title="Top-up"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <QueryState query={query} lines={6} />
      {query.data !== undefined && <Details topUp={query.data} />}
    </Drawer>
  );
}

function Details({ topUp }: { readonly topUp: SchemaTopUpDetail }) {
  const state = topUpStates[topUp.state];
  // what was received and set aside must not be paid again
  const wasPaid = topUp.timeline.some(({ what }) => what === 'set-aside' || what === 'credited');
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <Money amount={topUp.amount} fz={28} fw={650} />
        <Badge variant="light" color={state.color}>
          {state.label}
        </Badge>
      </Group>
      <Text size="sm">
        {topUpModes[topUp.mode]}, {topUp.state === 'paid' ? 'paid by' : 'on the card of'}{' '}
        {topUp.payer.name ?? 'a former member'}.
      </Text>
      {topUp.ending !== null && <Text size="sm">{topUpEndings[topUp.ending]}</Text>}
      {topUp.checkoutUrl !== null && !wasPaid && (
        <Button component="a" href={topUp.checkoutUrl}>
          Continue to payment
        </Button>
      )}
      <TopUpTimeline topUp={topUp} />
      <Stack gap={4}>
        <Text size="xs" c="dimmed">
          Its id, for questions to support
        </Text>
        <Group gap="xs" wrap="nowrap">
          <Code style={{ overflowWrap: 'anywhere' }}>{topUp.id}</Code>
          <CopyButton value={topUp.id}>
            {({ copied, copy }) => (
              <Button size="compact-xs" variant="subtle" flex="none" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
        </Group>
      </Stack>
    </Stack>
  );
}
