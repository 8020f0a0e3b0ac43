// The entries of a statement as a table: each with its number, what it was, and the balance after it.
import { Table, Text } from '@mantine/core';
import type { SchemaEntry } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { TextLink } from '../../parts/links.tsx';
import { Money } from '../../parts/Money.tsx';
import { When } from '../../parts/When.tsx';

interface EntryTableProps {
  readonly context: Context;
  readonly entries: readonly SchemaEntry[];
}

export function EntryTable({ context, entries }: EntryTableProps) {
  return (
    <Table.ScrollContainer minWidth={640} scrollAreaProps={{ tabIndex: 0 }}>
      <Table aria-label="Statement">
        <Table.Thead>
          <Table.Tr>
            <Table.Th ta="right">Entry</Table.Th>
            <Table.Th>Posted</Table.Th>
            <Table.Th>What</Table.Th>
            <Table.Th ta="right">Amount</Table.Th>
            <Table.Th ta="right">Balance after</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <Table.Tr key={entry.seq}>
              <Table.Td ta="right" className="money" c="dimmed">
                {entry.seq}
              </Table.Td>
              <Table.Td style={{ whiteSpace: 'nowrap' }}>
                <When at={entry.postedAt} withTime size="sm" />
              </Table.Td>
              <Table.Td>
                <What context={context} entry={entry} />
              </Table.Td>
              <Table.Td ta="right">
                <Money amount={entry.amount} exact signed />
              </Table.Td>
              <Table.Td ta="right">
                <Money amount={entry.balanceAfter} exact />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const NAMES: Record<SchemaEntry['type'], string> = {
  usage: 'Usage',
  'top-up': 'Top-up',
  refund: 'Refund',
  'refund-reversed': 'Refund that failed',
  dispute: 'Dispute',
  'dispute-reinstated': 'Dispute that was won',
  grant: 'Grant',
  adjustment: 'Adjustment',
};

function What({ context, entry }: { readonly context: Context; readonly entry: SchemaEntry }) {
  return (
    <>
      {entry.topUpId === undefined ? (
        <Text size="sm">{NAMES[entry.type]}</Text>
      ) : (
        <TextLink
          to="/accounts/$context/billing"
          params={{ context: context.key }}
          search={{ show: entry.topUpId }}
          size="sm"
        >
          {NAMES[entry.type]}
        </TextLink>
      )}
      <Text size="xs" c="dimmed">
        {aboutEntry(entry)}
      </Text>
    </>
  );
}

const COUNT = new Intl.NumberFormat('en-US');

function aboutEntry({ type, eventCount = 0, payer, mode, reason }: SchemaEntry): string {
  if (type === 'usage') return `${COUNT.format(eventCount)} ${eventCount === 1 ? 'request' : 'requests'}`;
  if (payer !== undefined) return `${mode === 'auto' ? 'Auto top-up, ' : ''}${payer.name ?? 'Former member'}`;
  return reason ?? '';
}
