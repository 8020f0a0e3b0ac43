// The filters of the history: each one changes the address, so that a filtered page can be kept and shared.
import { Button, Group, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconX } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { apiKeysQuery } from '../../api/queries.ts';
import { type TransactionSearch, transactionTypes } from '../transaction-search.ts';
import { lineNames } from './line-text.ts';

interface TransactionFiltersProps {
  readonly accountId: string;
  readonly search: TransactionSearch;
  readonly onChange: (search: TransactionSearch) => void;
}

export function TransactionFilters({ accountId, search, onChange }: TransactionFiltersProps) {
  const keys = useInfiniteQuery(apiKeysQuery(accountId));
  const keyChoices = (keys.data?.pages.flatMap(({ items }) => items) ?? []).map(({ id, name, member }) => ({
    value: id,
    label: `${name} (${member.name})`,
  }));
  const set = (name: keyof TransactionSearch, value: string | null) => {
    const { [name]: _before, ...others } = search;
    onChange(value === null || value === '' ? others : { ...others, [name]: value });
  };
  return (
    <Group gap="sm" align="flex-end" role="search" aria-label="Filters">
      <TextInput
        label="From"
        type="date"
        size="xs"
        value={search.from ?? ''}
        onChange={({ currentTarget }) => set('from', currentTarget.value)}
      />
      <TextInput
        label="To"
        type="date"
        size="xs"
        value={search.to ?? ''}
        onChange={({ currentTarget }) => set('to', currentTarget.value)}
      />
      <Select
        label="Type"
        size="xs"
        w={130}
        clearable
        placeholder="All"
        data={transactionTypes.map((type) => ({ value: type, label: lineNames[type] }))}
        value={search.type ?? null}
        onChange={(type) => set('type', type)}
      />
      <Select
        label="API key"
        size="xs"
        w={200}
        clearable
        searchable
        placeholder="All"
        data={keyChoices}
        value={search.apiKeyId ?? null}
        onChange={(id) => set('apiKeyId', id)}
      />
      <TypedFilter label="Model" value={search.model} onChange={(model) => set('model', model)} />
      <TypedFilter label="Batch" value={search.batchId} onChange={(id) => set('batchId', id)} />
      {Object.keys(search).length > 0 && (
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
  );
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
      w={150}
      placeholder="All"
      value={typed}
      onChange={({ currentTarget }) => {
        setTyped(currentTarget.value);
        tell(currentTarget.value.trim());
      }}
    />
  );
}
