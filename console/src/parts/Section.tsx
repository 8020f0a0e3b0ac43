// One part of a page: a heading, a line of explanation, and what belongs under it.
import { Paper, Text, Title } from '@mantine/core';
import { type ReactNode, useId } from 'react';

interface SectionProps {
  readonly title: string;
  readonly says?: ReactNode;
  readonly children: ReactNode;
}

export function Section({ title, says, children }: SectionProps) {
  const id = useId();
  return (
    <Paper component="section" aria-labelledby={id}>
      <Title id={id} order={2} size="h4">
        {title}
      </Title>
      {says !== undefined && (
        <Text c="dimmed" size="sm" mt={2}>
          {says}
        </Text>
      )}
      <div style={{ marginTop: 'var(--mantine-spacing-md)' }}>{children}</div>
    </Paper>
  );
}
