// A token trace as usage events: rows of a CSV file become requests, with ids that the file and the row decide.
import { createHash } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import { CommandFailed, messageOf } from '../command.ts';

/** One request of a trace: when it came, and its tokens. */
export interface TraceRow {
  readonly atMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface Trace {
  /** SHA-256 of the file, in hex. */
  readonly hash: string;
  readonly rows: readonly TraceRow[];
}

/** A usage event as `POST /v1/usage` takes it. */
export interface TraceEvent {
  readonly id: string;
  readonly apiKeyId: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly occurredAt: string;
}

const COLUMNS = ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'] as const;

/** Reads a trace with the columns TIMESTAMP, ContextTokens and GeneratedTokens; times are UTC. */
export function parseTrace(text: string): Trace {
  const hash = createHash('sha256').update(text).digest('hex');
  const [header = [], ...lines] = csvLines(text);
  const [at, input, output] = COLUMNS.map((name) => header.indexOf(name));
  if (at === undefined || input === undefined || output === undefined || at < 0 || input < 0 || output < 0) {
    throw new CommandFailed(
      `A trace has the columns ${COLUMNS.join(', ')}; this file begins with "${header.join(',')}"`,
    );
  }
  const rows = lines.map((line, i) => ({
    atMs: timeOf(line[at] ?? '', i),
    inputTokens: tokensOf(line[input] ?? '', i),
    outputTokens: tokensOf(line[output] ?? '', i),
  }));
  if (rows.length === 0) throw new CommandFailed('This trace has no requests');
  return { hash, rows };
}

/** The shift that makes the last request of a trace happen at `nowMs`. */
export function shiftToEndAt(trace: Trace, nowMs: number): number {
  return nowMs - trace.rows.reduce((latest, { atMs }) => Math.max(latest, atMs), Number.NEGATIVE_INFINITY);
}

/** The trace's requests as usage events, over the keys in turn. The same input gives the same events for ever. */
export function traceEvents(
  trace: Trace,
  { shiftMs, model, apiKeyIds }: { shiftMs: number; model: string; apiKeyIds: readonly string[] },
): TraceEvent[] {
  return trace.rows.map((row, i) => {
    const apiKeyId = apiKeyIds[i % apiKeyIds.length];
    if (apiKeyId === undefined) throw new RangeError('a trace needs at least one API key');
    return {
      id: eventId(trace.hash, i, row.atMs + shiftMs),
      apiKeyId,
      model,
      inputTokens: row.inputTokens,
      cachedInputTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: row.outputTokens,
      occurredAt: new Date(row.atMs + shiftMs).toISOString(),
    };
  });
}

/** A UUIDv7 of that moment whose other 74 bits are a hash of file and row. */
export function eventId(fileHash: string, row: number, atMs: number): string {
  const bytes = createHash('sha256').update(`${fileHash}:${row}`).digest().subarray(0, 16);
  bytes.writeUIntBE(atMs, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function csvLines(text: string): string[][] {
  try {
    return parse(text, { bom: true, skip_empty_lines: true, trim: true });
  } catch (e) {
    throw new CommandFailed(`This is not a CSV file: ${messageOf(e)}`);
  }
}

/** `2023-11-16 18:17:03.9799600`, to the millisecond. */
function timeOf(text: string, row: number): number {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:00)?$/.exec(text);
  if (match === null) throw new CommandFailed(`Request ${row + 1}: "${text}" is not a time`);
  const [, day, time, fraction = ''] = match;
  const ms = Date.parse(`${day}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  if (Number.isNaN(ms)) throw new CommandFailed(`Request ${row + 1}: "${text}" is not a time`);
  return ms;
}

function tokensOf(text: string, row: number): number {
  if (!/^\d{1,9}$/.test(text))
    throw new CommandFailed(`Request ${row + 1}: "${text}" is not a number of tokens`);
  return Number(text);
}
