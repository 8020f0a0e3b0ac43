// The first minutes: from an empty account to the first request, in four steps that tick themselves off.

import { Button, CloseButton, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import type { Context } from '../../context.ts';
import { useDraftDialog } from '../../parts/draft.ts';
import { ButtonLink } from '../../parts/links.tsx';
import { loadPart } from '../../parts/load-part.ts';
import { OrganizationForm } from '../../parts/OrganizationForm.tsx';
import { newKeyDraft } from '../keys/key-act.ts';
import { FirstRequest } from './FirstRequest.tsx';
import { useProgress } from './progress.ts';
import { Step } from './Step.tsx';

const NewKey = lazy(async () => ({ default: (await loadPart(() => import('../keys/NewKey.tsx'))).NewKey }));

export function FirstRun({ context }: { readonly context: Context }) {
  const { progress, hide } = useProgress(context);
  const making = useDraftDialog(newKeyDraft(context.accountId));
  const [isPersonal, setPersonal] = useState(false);
  const isShared = context.organizationId !== undefined;
  // the dialog with the secret stays open although making the key has ended its step
  const keyDialog = (
    <Suspense>{making.isOpen && <NewKey context={context} onClose={making.close} />}</Suspense>
  );
  if (progress === undefined) return keyDialog;
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
        <CloseButton onClick={hide} aria-label="Hide this guide" title="Hide this guide" />
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
          <Button onClick={making.open}>Make a key</Button>
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
      {keyDialog}
    </Paper>
  );
}
