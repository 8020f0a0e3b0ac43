// A question mark that explains: opened by a click, a key, or a finger, and closed by Escape.
import { ActionIcon, Popover, Text } from '@mantine/core';
import { IconHelpCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';

export function Hint({ about, children }: { readonly about: string; readonly children: ReactNode }) {
  return (
    <Popover width={280} shadow="md" withArrow position="top" trapFocus={false}>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" size="xs" aria-label={`What does ${about} mean?`}>
          <IconHelpCircle size={15} stroke={1.6} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm" lh={1.5}>
          {children}
        </Text>
      </Popover.Dropdown>
    </Popover>
  );
}
