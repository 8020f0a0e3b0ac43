// A rule as everybody in the account sees it: what it does, what it took this month, what it decided last and why.
import { Alert, Button, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { paymentMethodsQuery, topUpsQuery } from '../../api/queries.ts';
import type { SchemaAutoTopUp } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { formatMoney } from '../../money.ts';
import { Hint } from '../../parts/Hint.tsx';
import { Money } from '../../parts/Money.tsx';
import { When } from '../../parts/When.tsx';
import { cardName } from './card-text.ts';
import { decisionText, pauseText, termsText } from './rule-text.ts';

interface RuleSummaryProps {
  readonly rule: SchemaAutoTopUp;
  readonly context: Context;
  readonly isMine: boolean;
}

export function RuleSummary({ rule, context, isMine }: RuleSummaryProps) {
  const isPaused = rule.state === 'paused';
  return (
    <Stack gap="md">
      {isPaused && (
        <Alert color="yellow" title="It charges nothing at the moment">
          <Stack gap="xs" align="flex-start">
            {pauseText(rule.lastDecision)}
            {isMine && rule.lastDecision?.reason === 'authentication' && (
              <ConfirmCharge accountId={context.accountId} sponsorId={rule.sponsor.id} />
            )}
          </Stack>
        </Alert>
      )}
      <Text fw={550}>{termsText(rule)}</Text>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="lg">
        <Fact name="Charged this month">
          <Money amount={rule.takenThisMonth} fw={600} />
          <Text span size="sm" c="dimmed">
            {' '}
            of {formatMoney(rule.monthlyCap)}
          </Text>
          <Progress
            mt={6}
            size="sm"
            value={percentOf(rule.takenThisMonth, rule.monthlyCap)}
            aria-label="Share of the monthly maximum that was charged"
          />
        </Fact>
        <Fact
          name="Sponsor"
          hint="The owner or admin who switched it on and whose card it charges. Only they see the card, and only they can raise the rule. Any owner or admin can lower it, switch it off, or go on with a card of their own."
        >
          <Text size="sm">{isMine ? 'You' : (rule.sponsor.name ?? 'A former member')}</Text>
          {isMine && rule.paymentMethodId !== null && <OwnCard id={rule.paymentMethodId} />}
        </Fact>
        {!isPaused && (
          <Fact name="Last decision">
            <Text size="sm">{decisionText(rule.lastDecision)}</Text>
          </Fact>
        )}
        <Fact name="Looks again">
          <LooksAgain rule={rule} />
        </Fact>
      </SimpleGrid>
    </Stack>
  );
}

/** When the rule is evaluated next: at a time, or as soon as something happens. */
function LooksAgain({ rule: { state, nextEvaluationAt } }: { readonly rule: SchemaAutoTopUp }) {
  if (nextEvaluationAt !== null && new Date(nextEvaluationAt) > new Date())
    return <When at={nextEvaluationAt} withTime fz="sm" />;
  return (
    <Text size="sm">
      {state === 'paused' ? 'When it is resumed' : 'As soon as the balance falls below the threshold'}
    </Text>
  );
}

interface FactProps {
  readonly name: string;
  readonly hint?: string;
  readonly children: ReactNode;
}

function Fact({ name, hint, children }: FactProps) {
  return (
    <div>
      <Group gap={4} wrap="nowrap">
        <Text size="xs" c="dimmed">
          {name}
        </Text>
        {hint !== undefined && <Hint about={name.toLowerCase()}>{hint}</Hint>}
      </Group>
      {children}
    </div>
  );
}

function OwnCard({ id }: { readonly id: string }) {
  const { data } = useQuery(paymentMethodsQuery);
  if (data === undefined) return null;
  const card = data.items.find((one) => one.id === id);
  return (
    <Text size="xs" c="dimmed">
      {card === undefined ? 'Your card is removed' : cardName(card)}; only you see this
    </Text>
  );
}

/** Leads the sponsor to the page on which the charge is paid that the bank wants confirmed. */
function ConfirmCharge({ accountId, sponsorId }: { readonly accountId: string; readonly sponsorId: string }) {
  const { data } = useInfiniteQuery(topUpsQuery(accountId));
  const topUp = data?.pages
    .flatMap(({ items }) => items)
    .find(({ mode, state, payer }) => mode === 'auto' && state === 'not-completed' && payer.id === sponsorId);
  if (topUp === undefined) return null;
  return (
    <Button component="a" href={`/billing/recover/${topUp.id}`} size="xs">
      Confirm with your bank
    </Button>
  );
}

/** A share for the eye; the amounts beside it are exact. */
function percentOf(part: string, whole: string): number {
  const [taken, most] = [Number.parseFloat(part), Number.parseFloat(whole)];
  return most > 0 ? Math.min(100, (taken / most) * 100) : 0;
}
