// One line of the history. Plain elements, made once: dozens of them come into the page with every turn of the wheel.
import { memo } from 'react';
import type { SchemaTransaction } from '../../api/schema.d.ts';
import { formatMoney, isNegative, spokenMoney } from '../../money.ts';
import { utcText, whenText } from '../../parts/When.tsx';
import { aboutLine, byLine, lineNames } from './line-text.ts';
import classes from './TransactionTable.module.css';

interface TransactionLineProps {
  readonly line: SchemaTransaction;
  readonly index: number;
  /** Where it stands in the list, in pixels. */
  readonly top: number;
  /** How many there are; -1 while that is not known. */
  readonly setSize: number;
  /** Whether the tab key stops here; the arrow keys do the rest. */
  readonly isTabStop: boolean;
}

export const TransactionLine = memo(function TransactionLine(props: TransactionLineProps) {
  const { line, index, top, setSize, isTabStop } = props;
  const isUsage = line.type === 'usage';
  const isIn = !isNegative(line.amount);
  const amount = formatMoney(line.amount, { exact: isUsage });
  return (
    <li
      className={classes['line']}
      style={{ transform: `translateY(${top}px)` }}
      aria-setsize={setSize}
      aria-posinset={index + 1}
    >
      <button type="button" className={classes['button']} data-index={index} tabIndex={isTabStop ? 0 : -1}>
        <span className={classes['what']}>
          <span className={classes['name']}>
            {isUsage ? line.model : lineNames[line.type]}
            {isUsage && line.serviceTier === 'batch' && <span className={classes['batch']}>Batch</span>}
          </span>
          <span className={classes['about']}>{aboutLine(line)}</span>
        </span>
        <span className={classes['who']}>{byLine(line)}</span>
        <time className={classes['when']} dateTime={line.occurredAt} title={utcText(line.occurredAt)}>
          {whenText(line.occurredAt, { withTime: true })}
        </time>
        <span className={`money ${classes['amount']}`} {...(isIn && { 'data-in': true })}>
          <span aria-hidden>{isIn ? `+${amount}` : amount}</span>
          <span className="sr-only">{spokenMoney(line.amount, { exact: line.type === 'usage' })}</span>
        </span>
      </button>
    </li>
  );
});
