// Coffer's mark and name, as they stand at the top of every page.
import { Group, Text } from '@mantine/core';

export function Brand() {
  return (
    <Group gap={8} wrap="nowrap" component="span" display="flex">
      <img src="/favicon.svg" alt="" width={22} height={22} />
      <Text span fw={700} c="var(--mantine-color-text)">
        Coffer
      </Text>
    </Group>
  );
}
