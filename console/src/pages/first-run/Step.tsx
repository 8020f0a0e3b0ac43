// One step of the guide: done, at hand with what to do, or later.
import { Box, Group, Text, ThemeIcon } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface StepProps {
  readonly number: number;
  readonly title: string;
  readonly isDone: boolean;
  readonly isCurrent: boolean;
  /** What to do; shown while it is at hand. */
  readonly children: ReactNode;
}

export function Step({ number, title, isDone, isCurrent, children }: StepProps) {
  return (
    <li aria-current={isCurrent ? 'step' : undefined}>
      <Group gap="sm" align="flex-start" wrap="nowrap">
        <ThemeIcon
          radius="xl"
          size={26}
          variant={isDone ? 'filled' : isCurrent ? 'outline' : 'default'}
          aria-hidden
        >
          {isDone ? <IconCheck size={15} /> : <Text size="xs">{number}</Text>}
        </ThemeIcon>
        <Box style={{ flex: 1, minWidth: 0 }}>
          <Text fw={isCurrent ? 600 : 500} {...(!isCurrent && { c: 'dimmed' })} lh="26px">
            {title}
            {isDone && <span className="sr-only"> (done)</span>}
          </Text>
          {isCurrent && <Box mt="xs">{children}</Box>}
        </Box>
      </Group>
    </li>
  );
}
