// What a question mark says, beside it; it begins open.
import { Popover, Text } from '@mantine/core';
import { useState } from 'react';
import { HintButton, type HintProps } from './Hint.tsx';

export function HintNote({ about, children }: HintProps) {
  const [isOpen, setOpen] = useState(true);
  return (
    <Popover
      opened={isOpen}
      onChange={setOpen}
      width={280}
      shadow="md"
      withArrow
      position="top"
      trapFocus={false}
    >
      <Popover.Target>
        <HintButton
          about={about}
          autoFocus
          onClick={() => setOpen(!isOpen)}
          onKeyDown={({ key }) => key === 'Escape' && setOpen(false)}
        />
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm" lh={1.5}>
          {children}
        </Text>
      </Popover.Dropdown>
    </Popover>
  );
}
