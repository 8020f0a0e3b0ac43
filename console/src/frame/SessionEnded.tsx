// A session that ended while somebody was at work: says so, and leads through the sign-in back to where they were.
import { Modal, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { ProblemError } from '../api/problem.ts';
import { ButtonLink } from '../parts/links.tsx';

export function SessionEnded() {
  const queries = useQueryClient();
  const { href } = useLocation();
  const [hasEnded, setEnded] = useState(false);
  useEffect(() => {
    const note = (error: unknown) => {
      if (error instanceof ProblemError && error.status === 401) setEnded(true);
    };
    const stops = [
      queries.getMutationCache().subscribe(({ type, mutation }) => {
        if (type === 'updated') note(mutation.state.error);
      }),
      queries.getQueryCache().subscribe(({ type, query }) => {
        if (type === 'updated') note(query.state.error);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [queries]);
  return (
    <Modal
      opened={hasEnded}
      onClose={() => setEnded(false)}
      title="Your session has ended"
      centered
      zIndex={1_000}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        <Text size="sm">
          Nothing was changed. Sign in again and you are back on this page; what you typed is kept, but for
          passwords and other secrets.
        </Text>
        <ButtonLink to="/sign-in" search={{ next: href }} data-autofocus>
          Sign in again
        </ButtonLink>
      </Stack>
    </Modal>
  );
}
