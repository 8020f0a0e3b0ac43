// The lines of the audit as a table: when, who, and in a sentence what.
import { Table, Text } from '@mantine/core';
import type { SchemaAuditLine } from '../../api/schema.d.ts';
import { Money } from '../../parts/Money.tsx';
import { When } from '../../parts/When.tsx';
import type { Shown } from './fields.ts';
import { actorText, type Change, changesOf, titleOf } from './line-text.ts';

export function AuditTable({ lines }: { readonly lines: readonly SchemaAuditLine[] }) {
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table className="stacked told" aria-label="Audit" verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>When</Table.Th>
            <Table.Th>Who</Table.Th>
            <Table.Th>What</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody style={{ verticalAlign: 'top' }}>
          {lines.map((line) => (
            <Line key={line.id} line={line} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Line({ line }: { readonly line: SchemaAuditLine }) {
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <When at={line.at} withTime size="sm" />
      </Table.Td>
      <Table.Td>
        <Text size="sm">{actorText(line)}</Text>
        {line.address !== null && (
          <Text size="xs" c="dimmed">
            {line.address}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm" fw={550}>
          {titleOf(line)}
        </Text>
        {changesOf(line).map((change) => (
          <ChangeLine key={change.label} change={change} />
        ))}
        {line.reason !== null && <Text size="sm">“{line.reason}”</Text>}
      </Table.Td>
    </Table.Tr>
  );
}

/** `Threshold: $10.00 → $15.00`; of what came or went, just that. */
function ChangeLine({ change: { label, was, is } }: { readonly change: Change }) {
  return (
    <Text size="xs" c="dimmed">
      {label}: {was !== undefined && <Value shown={was} />}
      {was !== undefined && is !== undefined && (
        <>
          <span aria-hidden> → </span>
          <span className="sr-only"> became </span>
        </>
      )}
      {is !== undefined && <Value shown={is} />}
    </Text>
  );
}

function Value({ shown: { form, text } }: { readonly shown: Shown }) {
  switch (form) {
    case 'money':
      return <Money amount={text} exact />;
    case 'moment':
      return <When at={text} withTime />;
    case 'text':
      return <>{text}</>;
    default:
      return form satisfies never;
  }
}
