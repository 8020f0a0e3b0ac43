// The plain page around every form that works without being signed in.
import { Center, Paper, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Brand } from '../parts/Brand.tsx';
import { usePageTitle } from '../parts/page-title.ts';

interface SignedOutPageProps {
  readonly title: string;
  readonly intro?: string;
  readonly children: ReactNode;
}

export function SignedOutPage({ title, intro, children }: SignedOutPageProps) {
  usePageTitle(title);
  return (
    <Center component="main" tabIndex={-1} mih="100vh" p="md">
      <Stack w="100%" maw={400} gap="md">
        <Center>
          <Brand />
        </Center>
        <Stack gap={4} ta="center">
          <Title order={1} size="h2">
            {title}
          </Title>
          {intro !== undefined && <Text c="dimmed">{intro}</Text>}
        </Stack>
        <Paper>{children}</Paper>
      </Stack>
    </Center>
  );
}
