// When a UTC day begins for the reader: days are counted by UTC everywhere, times are shown in the reader's own zone.
import { Text } from '@mantine/core';
import { today } from './days.ts';

const TIME = new Intl.DateTimeFormat('en-US', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** Nothing where the reader's days are UTC days themselves. */
export function UtcDayNote() {
  const begins = TIME.format(new Date(`${today()}T00:00:00Z`));
  if (begins === '00:00') return null;
  return (
    <Text size="xs" c="dimmed" mt={6}>
      Days are UTC days, which begin at {begins} where you are. Times are in your own time zone.
    </Text>
  );
}
