// Two days that a page is limited to, each of them optional where the page takes it so.
import { TextInput } from '@mantine/core';

interface DayRangeProps {
  /** What the two are called; whether the second is shown itself, the words have to say. */
  readonly labels: readonly [string, string];
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly fault?: string | undefined;
  readonly onChange: (name: 'from' | 'to', day: string) => void;
}

export function DayRange({ labels, from = '', to = '', fault, onChange }: DayRangeProps) {
  const day = (name: 'from' | 'to', label: string, value: string) => (
    <TextInput
      label={label}
      type="date"
      size="xs"
      value={value}
      error={name === 'from' ? fault : undefined}
      onChange={({ currentTarget }) => onChange(name, currentTarget.value)}
    />
  );
  return (
    <>
      {day('from', labels[0], from)}
      {day('to', labels[1], to)}
    </>
  );
}
