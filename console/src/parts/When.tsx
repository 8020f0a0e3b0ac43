// A moment: short for the eye, exact on hover, machine-readable underneath.
import { Text, type TextProps } from '@mantine/core';

const DAY = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', year: 'numeric' });
const TIME = new Intl.DateTimeFormat('en-US', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** `Jan 31, 2026`, or `Jan 31, 2026, 18:04:05`, in the reader's own time. */
export function whenText(at: string, { withTime }: { readonly withTime: boolean }): string {
  const date = new Date(at);
  return withTime ? `${DAY.format(date)}, ${TIME.format(date)}` : DAY.format(date);
}

/** The same moment by UTC, as the statement and the files have it: `2026-01-31 17:04:05 UTC`. */
export const utcText = (at: string): string =>
  `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`;

interface WhenProps extends TextProps {
  readonly at: string;
  readonly withTime?: boolean;
}

export function When({ at, withTime = false, ...text }: WhenProps) {
  return (
    <Text span inherit={text.size === undefined} {...text}>
      <time dateTime={at} title={utcText(at)}>
        {whenText(at, { withTime })}
      </time>
    </Text>
  );
}
