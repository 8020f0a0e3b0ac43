// The lines of the history: only those in sight are in the page, so that a million of them scroll like a hundred.
import { Group, Loader } from '@mantine/core';
import { type KeyboardEvent, type SyntheticEvent, useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import type { SchemaTransaction } from '../../api/schema.d.ts';
import { TransactionLine } from './TransactionLine.tsx';
import classes from './TransactionTable.module.css';
import { useLinesInSight, useScrollToLine } from './use-lines-in-sight.ts';

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
  const { first, last } = useLinesInSight(list, { count: lines.length, height: LINE_HEIGHT });
  const scrollTo = useScrollToLine(list, LINE_HEIGHT);
  useEffect(() => {
    if (hasMore && !isLoading && last >= lines.length - ASK_BEFORE_END) onEnd();
  }, [hasMore, isLoading, last, lines.length, onEnd]);

  /** The arrow keys go from line to line, also to one that is not in the page yet. */
  const move = (event: KeyboardEvent) => {
    const from = indexOf(event);
    const step = STEPS[event.key];
    if (from === undefined || step === undefined) return;
    event.preventDefault();
    const to = Math.min(Math.max(from + step, 0), lines.length - 1);
    flushSync(() => setActiveId(lines[to]?.id));
    scrollTo(to);
    const focus = () => {
      const line = list.current?.querySelector<HTMLElement>(`[data-index="${to}"]`);
      line?.focus({ preventScroll: true });
      return line;
    };
    // a line that is far away comes into the page with the scrolling
    if (!focus()) requestAnimationFrame(focus);
  };
  const lineOf = (event: SyntheticEvent) => lines[indexOf(event) ?? -1];
  const shown = lines.slice(first, last + 1);
  const stop = shown.some(({ id }) => id === activeId) ? activeId : shown[0]?.id;

  return (
    <>
      <ul
        ref={list}
        className={classes['list']}
        style={{ height: lines.length * LINE_HEIGHT }}
        aria-label="Transactions"
        onKeyDown={move}
        onFocus={(event) => setActiveId(lineOf(event)?.id)}
        onClick={(event) => {
          const line = lineOf(event);
          if (line !== undefined) onOpen(line);
        }}
      >
        {shown.map((line, place) => (
          <TransactionLine
            key={line.id}
            line={line}
            index={first + place}
            top={(first + place) * LINE_HEIGHT}
            setSize={hasMore ? -1 : lines.length}
            isTabStop={line.id === stop}
          />
        ))}
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

/** The place in the list of the line that something happened to. */
function indexOf({ target }: SyntheticEvent): number | undefined {
  const line = target instanceof Element ? target.closest<HTMLElement>('[data-index]') : null;
  return line === null ? undefined : Number(line.dataset['index']);
}
