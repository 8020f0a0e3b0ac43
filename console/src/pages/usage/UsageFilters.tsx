// What the usage page shows: the period, by what it is stacked, and whose usage alone; all of it in the address.
import { CloseButton, Group, Pill, SegmentedControl, Stack } from '@mantine/core';
import type { Context } from '../../contexts.ts';
import { DayRange } from '../../parts/DayRange.tsx';
import { plusDays, today } from '../../parts/days.ts';
import { TextLink } from '../../parts/links.tsx';
import { UtcDayNote } from '../../parts/UtcDayNote.tsx';
import type { Group as By } from './stacks.ts';
import { periodFault, periodOf, readUsageSearch, type UsageSearch } from './usage-search.ts';

interface UsageFiltersProps {
  readonly context: Context;
  readonly by: By;
  readonly search: UsageSearch;
  /** The names of those that it is limited to. */
  readonly names: ReadonlyMap<string, string>;
  readonly onChange: (search: UsageSearch) => void;
}

export function UsageFilters({ context, by, search, names, onChange }: UsageFiltersProps) {
  const period = search.period ?? '30d';
  const { from = '', to = '' } = search;
  const fault = period === 'custom' ? periodFault(from, to) : undefined;
  const choosePeriod = (chosen: string) => {
    const { from: _from, to: _to, period: _period, ...others } = search;
    const days = periodOf(search) ?? { from: plusDays(today(), -29), to: today() };
    onChange(readUsageSearch({ ...others, period: chosen, ...(chosen === 'custom' && days) }));
  };
  const only = (['memberId', 'apiKeyId', 'model'] as const).flatMap((name) => {
    const id = search[name];
    return id === undefined ? [] : [{ name, id }];
  });
  return (
    <Stack gap="sm" mb="lg" role="search" aria-label="What is shown">
      <Group gap="sm" align="flex-end">
        <SegmentedControl
          aria-label="Period"
          size="xs"
          value={period}
          onChange={choosePeriod}
          data={[
            { value: '7d', label: '7 days' },
            { value: '30d', label: '30 days' },
            { value: '90d', label: '90 days' },
            { value: 'custom', label: 'Custom' },
          ]}
        />
        <SegmentedControl
          aria-label="Stacked by"
          size="xs"
          value={by}
          onChange={(chosen) => onChange(readUsageSearch({ ...search, by: chosen }))}
          data={[
            ...(context.organizationId === undefined ? [] : [{ value: 'member', label: 'By member' }]),
            { value: 'apiKey', label: 'By key' },
            { value: 'model', label: 'By model' },
          ]}
        />
      </Group>
      {period === 'custom' && (
        <Group gap="sm" align="flex-start">
          <DayRange
            from={from}
            to={to}
            fault={fault}
            onChange={(name, day) => onChange({ ...search, [name]: day })}
          />
        </Group>
      )}
      {only.length > 0 && (
        <Group gap="xs">
          {only.map(({ name, id }) => (
            <Pill key={name} size="md">
              <Group gap={4} wrap="nowrap" component="span">
                Only {names.get(id) ?? WITHOUT_NAME[name](id)}
                <CloseButton
                  size={16}
                  aria-label={`No longer only ${names.get(id) ?? WITHOUT_NAME[name](id)}`}
                  onClick={() => {
                    const { [name]: _only, ...others } = search;
                    onChange(others);
                  }}
                />
              </Group>
            </Pill>
          ))}
          <TextLink
            to="/accounts/$context/transactions"
            params={{ context: context.key }}
            search={transactionSearchOf(search)}
            size="sm"
          >
            Show the requests
          </TextLink>
        </Group>
      )}
      <UtcDayNote />
    </Stack>
  );
}

/** What is said of somebody or something whose name is not known (yet). */
const WITHOUT_NAME = {
  memberId: (id: string) => `the member …${id.slice(-4)}`,
  apiKeyId: (id: string) => `the key …${id.slice(-4)}`,
  model: (id: string) => id,
} as const;

/** The same choice on the page of transactions. */
function transactionSearchOf(search: UsageSearch) {
  const { by: _by, period: _period, from: _from, to: _to, ...whose } = search;
  return { ...whose, ...periodOf(search), type: 'usage' as const };
}
