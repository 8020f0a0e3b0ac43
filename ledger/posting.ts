// Posting from TypeScript: opens an account for its actor, posts what is pending, and reads where it stands.
import type { Connection } from './database.ts';

/** Where an account stands, as its actor carries it: plain JSON, money as integer strings of nanos. */
export interface Standing {
  readonly epoch: number;
  /** The seq of the account's last entry; 0 before its first. */
  readonly seq: number;
  readonly postedNanos: string;
  readonly pendingNanos: string;
  readonly heldNanos: string;
  readonly state: string;
  /** Whether anything waits to be posted. */
  readonly more: boolean;
  readonly topUpInFlight: string | null;
  readonly thresholdNanos: string | null;
  /** The last decision about auto top-up, and why. */
  readonly decision: string | null;
  readonly reason: string | null;
}

export interface OpenedAccount {
  readonly standing: Standing;
  readonly organizationId: string | null;
}

export interface Posted {
  readonly standing: Standing;
  readonly entriesWritten: number;
  readonly commandsRefused: number;
}

/** The first posting of a new run of an account's actor. */
export type FirstPosting = OpenedAccount & Posted;

/** How many ledger commands one posting takes; the rest is for the next. */
const MOST_COMMANDS = 100;

/** An account's row in the database's words; `pg` reads an `int8` as a string. */
export interface StandingRow {
  epoch: string;
  seq: string;
  posted: string;
  pending: string;
  held: string;
  state: string;
  more: boolean;
  top_up_in_flight: string | null;
  threshold: string | null;
  decision: string | null;
  reason: string | null;
}

/* The bound is below the time an actor gives a posting, so that an attempt ends before the next one begins. */
export const PREPARE_POSTING = `
  select set_config('statement_timeout', '8s', true), set_config('coffer.request_id', coalesce($1::text, ''), true)`;

/** Bounds the open transaction in time, and names the request behind it. */
async function prepare(connection: Connection, requestId: string | null): Promise<void> {
  await connection.query(PREPARE_POSTING, [requestId]);
}

/* The account is looked up beside the call and not joined to it, so that an unknown one is refused by it. */
export const OPEN_ACCOUNT = `
  select s.*, (select owner_id from accounts where id = $1::uuid and owner_type = 'organization') as organization_id
  from open_account($1::uuid) s`;

type OpenAccountRow = StandingRow & { organization_id: string | null };

/** Opens an account for a new run of its actor: every older run is fenced out. Raises `account-not-found`. */
export async function openAccount(
  connection: Connection,
  accountId: string,
  requestId: string | null = null,
): Promise<OpenedAccount> {
  await prepare(connection, requestId);
  const { rows } = await connection.query<OpenAccountRow>(OPEN_ACCOUNT, [accountId]);
  const row = only(rows);
  return { standing: standingFrom(row), organizationId: row.organization_id };
}

/** Opens an account and posts what waits in it, in the caller's transaction. Raises `account-not-found`. */
export async function openAndPost(
  connection: Connection,
  { accountId, requestId = null }: Pick<Posting, 'accountId' | 'requestId'>,
  now: Date,
): Promise<FirstPosting> {
  const { standing, organizationId } = await openAccount(connection, accountId, requestId);
  const { epoch, seq } = standing;
  return { ...(await post(connection, { accountId, epoch, afterSeq: seq }, now)), organizationId };
}

export const POST_PENDING = `
  select * from post_pending($1::uuid, $2::int8, $3::int8, $4::int4, $5::timestamptz)`;

type PostPendingRow = StandingRow & { entries_written: number; commands_refused: number };

export interface Posting {
  readonly accountId: string;
  readonly epoch: number;
  /** The last entry the actor knows of; an account beyond it is not posted again, only told. */
  readonly afterSeq: number;
  /** The request behind the ring that led to the posting; a top-up that it opens names it. */
  readonly requestId?: string | null;
}

/** One posting, in the caller's transaction. Raises `fenced-out` under an old epoch, and `account-not-found`. */
export async function postPending(connection: Connection, posting: Posting, now: Date): Promise<Posted> {
  await prepare(connection, posting.requestId ?? null);
  return await post(connection, posting, now);
}

async function post(connection: Connection, posting: Posting, now: Date): Promise<Posted> {
  const { accountId, epoch, afterSeq } = posting;
  const { rows } = await connection.query<PostPendingRow>(POST_PENDING, [
    accountId,
    epoch,
    afterSeq,
    MOST_COMMANDS,
    now,
  ]);
  const row = only(rows);
  return {
    standing: standingFrom(row),
    entriesWritten: row.entries_written,
    commandsRefused: row.commands_refused,
  };
}

export function standingFrom(row: StandingRow): Standing {
  return {
    epoch: Number(row.epoch),
    seq: Number(row.seq),
    postedNanos: row.posted,
    pendingNanos: row.pending,
    heldNanos: row.held,
    state: row.state,
    more: row.more,
    topUpInFlight: row.top_up_in_flight,
    thresholdNanos: row.threshold,
    decision: row.decision,
    reason: row.reason,
  };
}

function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('the database answered without a row');
  return row;
}
