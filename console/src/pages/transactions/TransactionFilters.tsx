// The filters of the history: each one changes the address, so that a filtered page can be kept and shared. On narrow
// screens they are folded away.
import { Button, Group, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks';
import { IconFilter, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { Context } from '../../contexts.ts';
import { DayRange } from '../../parts/DayRange.tsx';
import { UtcDayNote } from '../../parts/UtcDayNote.tsx';
import { isFiltered, type TransactionSearch, transactionTypes } from '../transaction-search.ts';
import { lineNames } from './line-text.ts';
import { useFilterChoices } from './use-filter-choices.ts';

/** All of them share one line of a usual screen. */
const WIDTH = { flex: '1 1 6.5rem', miw: '6.5rem', maw: '12rem' };

interface TransactionFiltersProps {
  readonly context: Context;
  readonly search: TransactionSearch;
  readonly onChange: (search: TransactionSearch) => void;
}

export function TransactionFilters({ context, search, onChange }: TransactionFiltersProps) {
  const choices = useFilterChoices(context);
  const [isOpen, { toggle }] = useDisclosure();
  const set = (name: keyof TransactionSearch, value: string | null) => {
    const { [name]: _before, ...others } = search;
    onChange(value === null || value === '' ? others : { ...others, [name]: value });
  };
  const select = (name: 'memberId' | 'apiKeyId' | 'model', label: string) => (
    <Select
      label={label}
      size="xs"
      {...WIDTH}
      clearable
      searchable
      placeholder="All"
      nothingFoundMessage="None is called so"
      data={withChosen(choices[name], search[name])}
      value={search[name] ?? null}
      onChange={(value) => set(name, value)}
    />
  );
  return (
    <search aria-label="Filters">
      <Button
        hiddenFrom="sm"
        variant="default"
        size="xs"
        leftSection={<IconFilter size={14} aria-hidden />}
        aria-expanded={isOpen}
        onClick={toggle}
        mb={isOpen ? 'sm' : 0}
      >
        {isFiltered(search) ? 'Filters (some are set)' : 'Filters'}
      </Button>
      <Group gap="sm" align="flex-end" {...(!isOpen && { visibleFrom: 'sm' })}>
        <DayRange from={search.from} to={search.to} onChange={set} />
        <Select
          label="Type"
          size="xs"
          {...WIDTH}
          clearable
          placeholder="All"
          data={transactionTypes.map((type) => ({ value: type, label: lineNames[type] }))}
          value={search.type ?? null}
          onChange={(type) => set('type', type)}
        />
        {context.organizationId !== undefined && select('memberId', 'Member')}
        {select('apiKeyId', 'API key')}
        {select('model', 'Model')}
        <TypedFilter label="Batch" value={search.batchId} onChange={(id) => set('batchId', id)} />
        {isFiltered(search) && (
          <Button
            size="xs"
            variant="subtle"
            leftSection={<IconX size={14} aria-hidden />}
            onClick={() => onChange({})}
          >
            Clear
          </Button>
        )}
      </Group>
      <UtcDayNote />
    </search>
  );
}

interface Choice {
  readonly value: string;
  readonly label: string;
}

/** The choices, and what the address has chosen even if nothing was used by it yet. */
function withChosen(choices: readonly Choice[], chosen: string | undefined): Choice[] {
  const isKnown = chosen === undefined || choices.some(({ value }) => value === chosen);
  return isKnown ? [...choices] : [...choices, { value: chosen, label: chosen }];
}

interface TypedFilterProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string) => void;
}

/** A filter that is typed: it takes effect when the typing pauses. */
function TypedFilter({ label, value = '', onChange }: TypedFilterProps) {
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  const tell = useDebouncedCallback(onChange, 400);
  if (known !== value) {
    setKnown(value);
    setTyped(value);
  }
  return (
    <TextInput
      label={label}
      size="xs"
      {...WIDTH}
      placeholder="All"
      value={typed}
      onChange={({ currentTarget }) => {
        setTyped(currentTarget.value);
        tell(currentTarget.value.trim());
      }}
    />
  );
}
