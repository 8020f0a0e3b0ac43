// What the stack says on the terminal: one line per step, colour only for people.
import { isatty } from 'node:tty';
import { styleText } from 'node:util';

export interface Terminal {
  heading(text: string): void;
  /** A part that is ready, where it is, and how long it took. */
  ready(name: string, where: string, tookMs: number): void;
  note(text: string): void;
  failure(text: string): void;
  /** Names and addresses in two columns. */
  table(rows: readonly (readonly [string, string])[]): void;
  /** Lines of a log, indented; JSON lines are made readable. */
  quote(lines: readonly string[]): void;
}

/** Writes to stdout; a terminal that went away is no reason to fail. */
export function openTerminal(): Terminal {
  process.stdout.on('error', () => {});
  const inColour = isatty(1) && process.env['NO_COLOR'] === undefined;
  const paint = (format: 'bold' | 'dim' | 'green' | 'red', text: string) =>
    inColour ? styleText(format, text) : text;
  const say = (line: string) => process.stdout.write(`${line}\n`);
  return {
    heading: (text) => say(`\n${paint('bold', text)}`),
    ready: (name, where, tookMs) =>
      say(
        `  ${paint('green', '✓')} ${name.padEnd(9)} ${where.padEnd(32)} ${paint('dim', `${seconds(tookMs)} s`)}`,
      ),
    note: (text) => say(`  ${paint('dim', text)}`),
    failure: (text) => say(`\n${paint('red', text)}`),
    table: (rows) => {
      const width = Math.max(...rows.map(([name]) => name.length));
      for (const [name, value] of rows) say(`  ${paint('dim', name.padEnd(width))}  ${value}`);
    },
    quote: (lines) => {
      for (const line of lines) say(`  ${paint('dim', '│')} ${readableLine(line)}`);
    },
  };
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}

/** A pino line without the parts that only machines need. */
function readableLine(line: string): string {
  try {
    const { level, time, pid, hostname, name, msg, ...rest } = JSON.parse(line);
    const details = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : '';
    return `${msg ?? ''}${details}`;
  } catch {
    return line;
  }
}
