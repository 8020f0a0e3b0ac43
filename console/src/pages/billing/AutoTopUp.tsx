// Auto top-up: the rule as everybody sees it, and for owners and admins the way to set it.

import { Badge, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Suspense, useState } from 'react';
import { stewardsQuery } from '../../api/queries/billing.ts';
import { autoTopUpQuery, meQuery } from '../../api/queries.ts';
import type { SchemaAutoTopUp } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { lazyPart } from '../../parts/load-part.ts';
import { QueryState } from '../../parts/QueryState.tsx';
import { isSteward } from '../../rights.ts';
import { inWords } from './people-text.ts';
import { RuleSummary } from './RuleSummary.tsx';

const AutoTopUpForm = lazyPart(async () => (await import('./AutoTopUpForm.tsx')).AutoTopUpForm);
const SwitchOff = lazyPart(async () => (await import('./SwitchOff.tsx')).SwitchOff);

const EVALUATED_MS = 1_500;

interface AutoTopUpProps {
  readonly context: Context;
  /** Whether the form is open; the address says so. */
  readonly isEditing: boolean;
  /** Whether the account takes new rules. */
  readonly isOpen: boolean;
  readonly onEdit: (isEditing: boolean) => void;
}

export function AutoTopUp({ context, isEditing, isOpen, onEdit }: AutoTopUpProps) {
  const { data: me } = useQuery(meQuery);
  const query = useQuery({
    ...autoTopUpQuery(context.accountId),
    // a rule just set is evaluated within moments, which is no event of the account
    refetchInterval: ({ state }) => (state.data?.lastDecision === null ? EVALUATED_MS : false),
  });
  const [isSwitchingOff, setSwitchingOff] = useState(false);
  const mayManage = isSteward(context);
  const rule = query.data;
  return (
    <Paper component="section" aria-labelledby="auto-top-up">
      <Group justify="space-between" mb="sm">
        <Group gap="xs">
          <Title id="auto-top-up" order={2} size="h4">
            Auto top-up
          </Title>
          {query.isSuccess && <RuleBadge rule={rule ?? null} />}
        </Group>
        {mayManage && rule && (
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => onEdit(true)} disabled={!isOpen}>
              {rule.state === 'paused' ? 'Resume or change' : 'Change'}
            </Button>
            <Button size="xs" variant="subtle" color="red" onClick={() => setSwitchingOff(true)}>
              Switch off
            </Button>
          </Group>
        )}
      </Group>
      <QueryState query={query} />
      {rule === null && <NoRule context={context} isOpen={isOpen} onSetUp={() => onEdit(true)} />}
      {rule && me && <RuleSummary rule={rule} context={context} isMine={rule.sponsor.id === me.id} />}
      <Suspense>
        {isEditing && mayManage && rule !== undefined && me && (
          <AutoTopUpForm context={context} rule={rule} myId={me.id} onClose={() => onEdit(false)} />
        )}
        {isSwitchingOff && rule && (
          <SwitchOff context={context} rule={rule} onClose={() => setSwitchingOff(false)} />
        )}
      </Suspense>
    </Paper>
  );
}

function RuleBadge({ rule }: { readonly rule: SchemaAutoTopUp | null }) {
  if (rule === null)
    return (
      <Badge variant="light" color="gray">
        Off
      </Badge>
    );
  return rule.state === 'paused' ? (
    <Badge variant="light" color="yellow">
      Paused
    </Badge>
  ) : (
    <Badge variant="light" color="teal">
      On
    </Badge>
  );
}

interface NoRuleProps {
  readonly context: Context;
  readonly isOpen: boolean;
  readonly onSetUp: () => void;
}

function NoRule({ context, isOpen, onSetUp }: NoRuleProps) {
  const { organizationId } = context;
  const mayManage = isSteward(context);
  const stewards = useQuery({
    ...stewardsQuery(organizationId ?? ''),
    enabled: organizationId !== undefined && !mayManage,
  });
  const names = stewards.data?.map(({ name }) => name) ?? [];
  return (
    <Stack align="flex-start" gap="sm">
      <Text size="sm" c="dimmed" maw={620}>
        When the balance falls below a threshold that you choose, a saved card adds credit by itself, up to a
        maximum per month. Requests never stop because nobody was looking.
      </Text>
      {mayManage ? (
        <Button variant="light" onClick={onSetUp} disabled={!isOpen}>
          Set up auto top-up
        </Button>
      ) : (
        names.length > 0 && <Text size="sm">{inWords(names, 'or')} can switch it on.</Text>
      )}
    </Stack>
  );
}
