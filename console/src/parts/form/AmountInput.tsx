// An amount of dollars, as it is typed; what is wrong with it stands beside it.
import { TextInput, type TextInputProps } from '@mantine/core';

interface AmountInputProps extends Omit<TextInputProps, 'value' | 'onChange'> {
  readonly value: string;
  readonly onChange: (typed: string) => void;
}

export function AmountInput({ onChange, ...input }: AmountInputProps) {
  return (
    <TextInput
      leftSection="$"
      inputMode="decimal"
      autoComplete="off"
      {...input}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
