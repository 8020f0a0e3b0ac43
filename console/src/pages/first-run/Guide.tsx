// The guide through the first minutes, step by step.
import { Button, CloseButton, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { Context } from '../../contexts.ts';
import { ButtonLink } from '../../parts/links.tsx';
import { OrganizationForm } from '../../parts/OrganizationForm.tsx';
import { FirstRequest } from './FirstRequest.tsx';
import type { Progress } from './progress.ts';
import { Step } from './Step.tsx';

interface GuideProps {
  readonly context: Context;
  readonly progress: Progress;
  readonly onMakeKey: () => void;
  readonly onHide: () => void;
}

export function Guide({ context, progress, onMakeKey, onHide }: GuideProps) {
  const [isPersonal, setPersonal] = useState(false);
  const isShared = context.organizationId !== undefined;
  const { hasKey, hasCredit, apiKey } = progress;
  const hasHome = isShared || isPersonal || hasKey || hasCredit;
  const steps = [hasHome, hasKey, hasCredit, false];
  const current = steps.indexOf(false);
  const done = steps.filter(Boolean).length;
  return (
    <Paper component="section" aria-labelledby="first-run" mb="lg">
      <Group justify="space-between" align="flex-start" wrap="nowrap" mb="md">
        <Stack gap={2}>
          <Title id="first-run" order={2} size="h4">
            Your first request
          </Title>
          <Text size="sm" c="dimmed">
            {done} of 4 steps are done. Each one ticks itself off.
          </Text>
        </Stack>
        <CloseButton onClick={onHide} aria-label="Hide this guide" title="Hide this guide" />
      </Group>
      <Stack component="ol" gap="md" p={0} m={0} style={{ listStyle: 'none' }}>
        <Step
          number={1}
          title={isShared ? `You are in ${context.name}` : 'Make an organization'}
          isDone={hasHome}
          isCurrent={current === 0}
        >
          <Text size="sm" mb="sm">
            Its members share one balance, and everyone sees who spent what.
          </Text>
          <OrganizationForm />
          <Button variant="subtle" size="xs" mt="xs" px={0} onClick={() => setPersonal(true)}>
            Go on with your personal balance
          </Button>
        </Step>
        <Step number={2} title="Make an API key" isDone={hasKey} isCurrent={current === 1}>
          <Text size="sm" mb="sm">
            Your program sends it with every request; what it uses is shown with your name. Its secret is
            shown once.
          </Text>
          <Button onClick={onMakeKey}>Make a key</Button>
        </Step>
        <Step number={3} title="Add credit" isDone={hasCredit} isCurrent={current === 2}>
          <Text size="sm" mb="sm">
            Requests are paid from the balance as they happen. You pay on a page of the payment provider, with
            your own card.
          </Text>
          <ButtonLink
            to="/accounts/$context/billing"
            params={{ context: context.key }}
            search={{ add: true }}
          >
            Add credit
          </ButtonLink>
        </Step>
        <Step number={4} title="Send the first request" isDone={false} isCurrent={current === 3}>
          <FirstRequest apiKey={apiKey} />
        </Step>
      </Stack>
    </Paper>
  );
}
