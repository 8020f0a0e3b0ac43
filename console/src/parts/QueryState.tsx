// What stands where data is not yet, or cannot be, with the way to try again.
import { Alert, Button, Skeleton, Stack } from '@mantine/core';
import { messageOf } from '../api/problem.ts';

interface QueryStateProps {
  readonly query: { readonly isPending: boolean; readonly error: unknown; refetch(): unknown };
  /** How many lines the skeleton has. */
  readonly lines?: number;
}

/** The skeleton while a query is on its way, its failure when it came to nothing; else nothing. */
export function QueryState({ query, lines = 3 }: QueryStateProps) {
  if (query.isPending) {
    return (
      <Stack gap="sm" aria-busy aria-label="Loading">
        {Array.from({ length: lines }, (_, line) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike
          <Skeleton key={line} height={20} />
        ))}
      </Stack>
    );
  }
  if (query.error === null) return null;
  return (
    <Alert color="red" title="This could not be read" role="alert">
      <Stack align="flex-start" gap="sm">
        {messageOf(query.error)}
        <Button size="xs" variant="light" color="red" onClick={() => query.refetch()}>
          Try again
        </Button>
      </Stack>
    </Alert>
  );
}
