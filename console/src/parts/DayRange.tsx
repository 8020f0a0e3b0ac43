// Two UTC days that a page is limited to, both shown themselves, each of them optional where the page takes it so.
import { TextInput } from '@mantine/core';

interface DayRangeProps {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly fault?: string | undefined;
  readonly onChange: (name: 'from' | 'to', day: string) => void;
}

export function DayRange({ from = '', to = '', fault, onChange }: DayRangeProps) {
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
      {day('from', 'First day (UTC)', from)}
      {day('to', 'Last day (UTC)', to)}
    </>
  );
}
