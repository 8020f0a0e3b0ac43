// Pages for when a page cannot be: an address that is none, something not mine, a server that is away.
import { Button, Center, Stack, Text, Title } from '@mantine/core';
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { messageOf } from '../api/problem.ts';
import { ButtonLink } from '../parts/links.tsx';
import { isReachable, PartUnreachable } from '../parts/load-part.ts';
import { usePageTitle } from '../parts/page-title.ts';

interface FailureProps {
  readonly title: string;
  readonly children: string;
  readonly onRetry?: () => void;
}

function Failure({ title, children, onRetry }: FailureProps) {
  usePageTitle(title);
  return (
    <Center mih="60vh" p="xl">
      <Stack align="center" gap="sm" maw={440} ta="center">
        <Title order={1} size="h2">
          {title}
        </Title>
        <Text c="dimmed">{children}</Text>
        {onRetry !== undefined && <Button onClick={onRetry}>Try again</Button>}
        <ButtonLink to="/" variant="subtle">
          Go to your balance
        </ButtonLink>
      </Stack>
    </Center>
  );
}

/** For an address outside of every page. */
export function NoSuchPage() {
  return (
    <main tabIndex={-1}>
      <NotFound />
    </main>
  );
}

export function NotFound() {
  return (
    <Failure title="There is no such page">
      The address may be mistyped, or what was here has moved. Nothing is wrong with your account.
    </Failure>
  );
}

/** For an organization that is not, or no longer, mine. */
export function NotYours() {
  return (
    <Failure title="You have no part in this organization">
      It may not exist, or you are not a member any more. Ask one of its owners or admins to invite you.
    </Failure>
  );
}

/** For a page of owners and admins, opened by its address. */
export function NotYourRole() {
  return (
    <Failure title="This page is for owners and admins">
      Ask one of them for what you need to know, or to change your role.
    </Failure>
  );
}

export function LoadFailed({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = async () => {
    if (error instanceof PartUnreachable) {
      // loading the page anew while the server is away would leave the browser's own error page
      if (await isReachable()) window.location.reload();
      return;
    }
    reset();
    await router.invalidate();
  };
  return (
    <Failure title="This page could not be loaded" onRetry={() => void retry()}>
      {messageOf(error)}
    </Failure>
  );
}
