// The plain page around every form that works without being signed in.
import { Center, Paper, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface SignedOutPageProps {
  readonly title: string;
  readonly intro?: string;
  readonly children: ReactNode;
}

export function SignedOutPage({ title, intro, children }: SignedOutPageProps) {
  return (
    <Center component="main" mih="100vh" p="md">
      <Stack w="100%" maw={400} gap="md">
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
