// The lines of a chart as a table, a piece at a time.
import { Button, Table } from '@mantine/core';
import { type ReactNode, useState } from 'react';

const PIECE = 50;

export interface TableColumn<T> {
  readonly title: string;
  readonly isNumber?: boolean;
  readonly cell: (line: T) => ReactNode;
}

interface SumTableProps<T> {
  readonly label: string;
  readonly columns: readonly TableColumn<T>[];
  readonly lines: readonly T[];
}

export function SumTable<T>({ label, columns, lines }: SumTableProps<T>) {
  const [shown, setShown] = useState(PIECE);
  return (
    <>
      <Table.ScrollContainer minWidth={columns.length * 110} scrollAreaProps={{ tabIndex: 0 }}>
        <Table aria-label={label}>
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ title, isNumber }) => (
                <Table.Th key={title} ta={isNumber ? 'right' : undefined}>
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {lines.slice(0, shown).map((line, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: sums have no id and are never moved
              <Table.Tr key={index}>
                {columns.map(({ title, isNumber, cell }) => (
                  <Table.Td
                    key={title}
                    ta={isNumber ? 'right' : undefined}
                    className={isNumber ? 'money' : ''}
                  >
                    {cell(line)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {lines.length > shown && (
        <Button variant="subtle" mt="xs" onClick={() => setShown(shown + 4 * PIECE)}>
          Show more of {lines.length} lines
        </Button>
      )}
    </>
  );
}
