// The top of a page: its name, one line on what it is for, and its main action.
import { Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useContext } from '../context.ts';
import { usePageTitle } from './page-title.ts';

interface PageHeaderProps {
  readonly title: string;
  readonly children?: string;
  readonly action?: ReactNode;
}

export function PageHeader({ title, children, action }: PageHeaderProps) {
  const context = useContext();
  usePageTitle(title, context?.name);
  return (
    <Group justify="space-between" align="flex-start" mb="lg" gap="md">
      <Stack gap={2}>
        <Title order={1} size="h2">
          {title}
        </Title>
        {children !== undefined && <Text c="dimmed">{children}</Text>}
      </Stack>
      {action}
    </Group>
  );
}
