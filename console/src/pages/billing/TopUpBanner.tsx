// Back from the payment page: what became of the payment, said the moment it is known and not before.
import { Alert, Button, Group, Loader, Stack } from '@mantine/core';
import { IconCheck, IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { ProblemError } from '../../api/problem.ts';
import { meQuery, topUpQuery } from '../../api/queries.ts';
import type { SchemaTopUpDetail } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { formatMoney } from '../../money.ts';

interface TopUpBannerProps {
  readonly context: Context;
  readonly topUpId: string;
  /** One turned back without paying. */
  readonly wasCancelled: boolean;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

const ASK_AGAIN_MS = 2_000;

export function TopUpBanner({ context, topUpId, wasCancelled, onAgain, onClose }: TopUpBannerProps) {
  const { data: me } = useQuery(meQuery);
  const { data: topUp } = useQuery({
    ...topUpQuery(context.accountId, topUpId),
    // the account's events tell of it too; this is for when they are not heard
    refetchInterval: ({ state }) => (isSettled(state.data) || isMissing(state.error) ? false : ASK_AGAIN_MS),
  });
  if (topUp === undefined || me === undefined) return null;
  const said = wordsFor(topUp, { wasCancelled, isMine: topUp.payer.id === me.id, of: context.name });
  return (
    <Alert
      mb="lg"
      color={said.color}
      title={said.title}
      role="status"
      aria-live="polite"
      withCloseButton
      closeButtonLabel="Close"
      onClose={onClose}
      icon={
        said.color === 'teal' ? (
          <IconCheck aria-hidden />
        ) : said.isWaiting ? (
          <Loader size={18} aria-hidden />
        ) : (
          <IconInfoCircle aria-hidden />
        )
      }
    >
      <Stack gap="sm" align="flex-start">
        {said.text}
        {said.isOver && (
          <Group gap="xs">
            {topUp.checkoutUrl !== null && (
              <Button component="a" href={topUp.checkoutUrl} size="xs">
                Continue to payment
              </Button>
            )}
            <Button size="xs" variant="default" onClick={onAgain}>
              {topUp.checkoutUrl === null ? 'Try again' : 'Choose another amount'}
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  );
}

const isMissing = (error: unknown) => error instanceof ProblemError && error.status === 404;

const isSettled = (topUp: SchemaTopUpDetail | undefined) =>
  topUp !== undefined && (topUp.state === 'paid' || topUp.state === 'not-completed');

interface Words {
  readonly color: string;
  readonly title: string;
  readonly text: string;
  /** It goes on by itself. */
  readonly isWaiting?: boolean;
  /** Nothing was paid: one may go on or begin anew. */
  readonly isOver?: boolean;
}

interface Circumstances {
  readonly wasCancelled: boolean;
  readonly isMine: boolean;
  readonly of: string;
}

function wordsFor(topUp: SchemaTopUpDetail, { wasCancelled, isMine, of }: Circumstances): Words {
  const amount = formatMoney(topUp.amount);
  const happened = new Set(topUp.timeline.map(({ what }) => what));
  if (topUp.state === 'paid' || happened.has('credited')) {
    const who = isMine ? 'Thank you.' : `${topUp.payer.name ?? 'A former member'} paid it.`;
    return { color: 'teal', title: `Added ${amount}`, text: `${who} It is in the balance of ${of} now.` };
  }
  if (happened.has('kept-out')) {
    return {
      color: 'gray',
      title: `Your payment of ${amount} was not added`,
      text: 'An operator has looked at it. Ask support about it; there is no need to pay again.',
    };
  }
  if (happened.has('set-aside')) {
    return {
      color: 'yellow',
      title: `Your payment of ${amount} is being looked at`,
      text: 'It was received but could not be matched by itself. An operator has been told and will get it right; there is no need to pay again.',
    };
  }
  if (topUp.state === 'processing') {
    return {
      color: 'blue',
      title: `Your payment of ${amount} is under way`,
      text: 'Your bank has not confirmed it yet. The credit appears by itself as soon as it does; there is no need to pay again.',
      isWaiting: true,
    };
  }
  if (topUp.state === 'not-completed') {
    return {
      color: 'gray',
      title: 'The payment was not completed',
      text: 'Nothing was charged and nothing was added.',
      isOver: true,
    };
  }
  return wasCancelled
    ? {
        color: 'gray',
        title: `${amount} not paid`,
        text: 'You came back without paying, and nothing was charged.',
        isOver: true,
      }
    : {
        color: 'blue',
        title: 'We are still asking',
        text: `The payment provider has not confirmed it to us yet. If you paid, ${amount} appears by itself within minutes; there is no need to pay again.`,
        isWaiting: true,
      };
}
