// The lines of the history: only those in sight are in the page, so that a million of them scroll like a hundred.
import { Badge, Group, Loader, Stack, Text, UnstyledButton } from '@mantine/core';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, useEffect, useRef, useState } from 'react';
import type { SchemaTransaction } from '../../api/schema.d.ts';
import { Money } from '../../parts/Money.tsx';
import { When } from '../../parts/When.tsx';
import { aboutLine, byLine, lineNames } from './line-text.ts';
import classes from './TransactionTable.module.css';

const LINE_HEIGHT = 60;
const ASK_BEFORE_END = 40;

interface TransactionTableProps {
  readonly lines: readonly SchemaTransaction[];
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly onEnd: () => void;
  readonly onOpen: (line: SchemaTransaction) => void;
}

export function TransactionTable({ lines, hasMore, isLoading, onEnd, onOpen }: TransactionTableProps) {
  const list = useRef<HTMLUListElement>(null);
  const [activeId, setActiveId] = useState<string>();
  const rows = useWindowVirtualizer({
    count: lines.length,
    estimateSize: () => LINE_HEIGHT,
    overscan: 12,
    scrollMargin: list.current?.offsetTop ?? 0,
    getItemKey: (index) => lines[index]?.id ?? index,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isLoading && last >= lines.length - ASK_BEFORE_END) onEnd();
  }, [hasMore, isLoading, last, lines.length, onEnd]);

  /** The arrow keys go from line to line, also to one that is not in the page yet. */
  const move = (event: KeyboardEvent<HTMLUListElement>) => {
    const from = Number((event.target instanceof HTMLElement && event.target.dataset['index']) || Number.NaN);
    const step = STEPS[event.key];
    if (Number.isNaN(from) || step === undefined) return;
    event.preventDefault();
    const to = Math.min(Math.max(from + step, 0), lines.length - 1);
    rows.scrollToIndex(to);
    setActiveId(lines[to]?.id);
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus());
  };
  const isActiveInPage = items.some(({ index }) => lines[index]?.id === activeId);

  return (
    <>
      <ul
        ref={list}
        className={classes['list']}
        style={{ height: rows.getTotalSize() }}
        aria-label="Transactions"
        onKeyDown={move}
      >
        {items.map(({ index, key, start }, place) => {
          const line = lines[index];
          if (line === undefined) return null;
          return (
            <li
              key={key}
              className={classes['line']}
              style={{ transform: `translateY(${start - rows.options.scrollMargin}px)`, height: LINE_HEIGHT }}
              aria-setsize={hasMore ? -1 : lines.length}
              aria-posinset={index + 1}
            >
              <UnstyledButton
                className={classes['button']}
                data-index={index}
                tabIndex={(isActiveInPage ? line.id === activeId : place === 0) ? 0 : -1}
                onFocus={() => setActiveId(line.id)}
                onClick={() => onOpen(line)}
              >
                <LineCells line={line} />
              </UnstyledButton>
            </li>
          );
        })}
      </ul>
      {isLoading && (
        <Group justify="center" p="md">
          <Loader size="sm" aria-label="Loading more" />
        </Group>
      )}
    </>
  );
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 10,
  PageUp: -10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** A line never changes, so its cells are made once however often the list moves. */
const LineCells = memo(function LineCells({ line }: { readonly line: SchemaTransaction }) {
  return (
    <>
      <Stack gap={0} className={classes['what']}>
        <Group gap="xs" wrap="nowrap">
          <Text size="sm" fw={550} truncate>
            {line.type === 'usage' ? line.model : lineNames[line.type]}
          </Text>
          {line.type === 'usage' && line.serviceTier === 'batch' && (
            <Badge size="xs" variant="light" color="gray">
              Batch
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed" truncate>
          {aboutLine(line)}
        </Text>
      </Stack>
      <Text size="sm" c="dimmed" truncate className={classes['who']}>
        {byLine(line)}
      </Text>
      <When at={line.occurredAt} withTime size="sm" c="dimmed" className={classes['when']} />
      <Money
        amount={line.amount}
        exact={line.type === 'usage'}
        signed
        size="sm"
        fw={550}
        ta="right"
        className={classes['amount']}
      />
    </>
  );
});
