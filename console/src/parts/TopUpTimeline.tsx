// The way of a top-up, step by step with its times, as far as the reader may know.
import { Text, Timeline } from '@mantine/core';
import type { SchemaTopUpDetail } from '../api/schema.d.ts';
import { stepText } from './top-up-text.ts';
import { When } from './When.tsx';

export function TopUpTimeline({ topUp }: { readonly topUp: SchemaTopUpDetail }) {
  const { timeline } = topUp;
  return (
    <Timeline active={timeline.length} bulletSize={14} lineWidth={2} aria-label="What happened">
      {timeline.map((step) => {
        const { title, text } = stepText(step);
        return (
          <Timeline.Item
            key={step.what + step.at}
            title={
              <Text size="sm" fw={550} component="span">
                {title}
              </Text>
            }
          >
            {text !== undefined && <Text size="sm">{text}</Text>}
            <When at={step.at} withTime fz="xs" c="dimmed" />
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}
