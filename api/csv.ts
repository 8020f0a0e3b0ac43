// CSV: streams of rows, page after page, in which nothing that people wrote runs as a formula where it is opened.
import { once } from 'node:events';
import { stringify } from 'csv-stringify/sync';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { RouteContext } from './route.ts';

/** Part of the query of every route that has CSV too: a link, unlike a program, cannot send `Accept`. */
export const csvQuery = {
  format: z
    .enum(['json', 'csv'], { error: 'A format is json or csv.' })
    .optional()
    .describe('Wins over the `Accept` header, so that a plain link can ask for CSV.'),
};

/** Whether the caller wants CSV; without `format` it is what `Accept` prefers. */
export function wantsCsv(
  format: 'json' | 'csv' | undefined,
  { request, response }: { readonly request: Request; readonly response: Response },
): boolean {
  response.vary('accept');
  return (format ?? (request.accepts(['json', 'text/csv']) === 'text/csv' ? 'csv' : 'json')) === 'csv';
}

export type CsvCell = string | number;

/** A table to stream: its file name without ending, its columns, and its rows in pages. */
export interface CsvTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly pages: AsyncIterable<readonly (readonly CsvCell[])[]>;
}

/** The pages of a table that is small enough to be read at once. */
export async function* inOnePage<T>(rows: readonly T[]): AsyncGenerator<readonly T[]> {
  yield rows;
}

/** How often it is asked whether its reader still may: a right that is lost ends the stream within a second. */
const ASK_AGAIN_MS = 450;

/**
 * Streams a table as the answer; each page is sent before the next one is read, so that no table is held as a whole.
 * Who loses the right to it meanwhile gets no end of it: the connection breaks, so that nobody takes it for whole.
 */
export async function streamCsv(
  { response, isStillAllowed }: Pick<RouteContext<unknown, unknown, unknown>, 'response' | 'isStillAllowed'>,
  table: CsvTable,
): Promise<void> {
  const asking = setInterval(async () => {
    if (!(await isStillAllowed())) response.destroy();
  }, ASK_AGAIN_MS);
  try {
    await write(response, table);
  } finally {
    clearInterval(asking);
  }
}

async function write(response: Response, { name, columns, pages }: CsvTable): Promise<void> {
  let started = false;
  const start = () => {
    started = true;
    response.status(200).type('text/csv').attachment(`${name}.csv`);
    response.write(csvLines([columns]));
  };
  for await (const rows of pages) {
    if (response.destroyed) return;
    if (!started) start();
    const hasRoom = rows.length === 0 || response.write(csvLines(rows));
    if (!hasRoom) await roomIn(response);
  }
  if (response.destroyed) return;
  if (!started) start();
  response.end();
}

/** Resolves when what was written is sent, or nobody reads any more. */
async function roomIn(response: Response): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  // the one that does not happen would leave its listener behind, with every page
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  over.abort();
}

/** Rows as RFC 4180 writes them; a break within a cell is quoted also where it is not the one that ends our lines. */
export function csvLines(rows: readonly (readonly CsvCell[])[]): string {
  return stringify(
    rows.map((row) => [...row]),
    { quoted_match: /[\r\n]/ },
  );
}

/**
 * Text that somebody wrote, as a cell. What a spreadsheet takes for a formula gets an apostrophe in front, also in its
 * full-width forms. (csv-stringify's `escape_formulas` does that to every text, so to negative amounts too.)
 */
export function textCell(value: string | null | undefined): string {
  if (value === null || value === undefined) return '';
  return /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
}
