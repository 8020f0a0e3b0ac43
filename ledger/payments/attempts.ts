// Attempts: each PaymentIntent that an auto top-up may make, begun under the account's lock and never skipped after.
import { type Connection, type Pool, withTransaction } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';

/** The frozen parameters of an attempt: the same each time it is sent. */
export interface Attempt {
  readonly topUpId: string;
  readonly accountId: string;
  readonly payerId: string;
  readonly amount: Nanos;
  readonly currency: string;
  readonly customerId: string;
  readonly paymentMethodId: string;
  readonly receiptEmail: string | null;
  readonly attempt: number;
  readonly firstSentAt: Date;
}

export type AttemptStep =
  /** `again`: it was begun before, so it may have been sent. */
  | { readonly step: 'send'; readonly attempt: Attempt; readonly again: boolean }
  | { readonly step: 'look-up'; readonly attempt: Attempt }
  | { readonly step: 'wait'; readonly until: Date }
  | { readonly step: 'over' };

const BEGIN_ATTEMPT = 'select * from begin_attempt($1::uuid, $2::timestamptz)';

interface BeginAttemptRow {
  step: AttemptStep['step'];
  account_id: string;
  payer_id: string;
  amount: string;
  currency: string;
  customer_id: string | null;
  payment_method_id: string | null;
  receipt_email: string | null;
  attempt: number;
  attempt_at: Date | null;
  first_sent_at: Date | null;
  resent: boolean;
}

/** Begins an attempt, or finds the one begun before: locks the account and checks rule, sponsor, card, cap and balance. */
export async function beginAttempt(pool: Pool, topUpId: string, now: Date): Promise<AttemptStep> {
  const row = await withTransaction(pool, async (connection) => {
    const { rows } = await connection.query<BeginAttemptRow>(BEGIN_ATTEMPT, [topUpId, now]);
    return rows[0];
  });
  if (row === undefined || row.step === 'over') return { step: 'over' };
  if (row.step === 'wait') return { step: 'wait', until: row.attempt_at ?? now };
  if (row.customer_id === null || row.payment_method_id === null || row.first_sent_at === null) {
    throw new Error(`top-up ${topUpId} has no card to charge`);
  }
  const attempt: Attempt = {
    topUpId,
    accountId: row.account_id,
    payerId: row.payer_id,
    amount: nanosFromString(row.amount),
    currency: row.currency,
    customerId: row.customer_id,
    paymentMethodId: row.payment_method_id,
    receiptEmail: row.receipt_email,
    attempt: row.attempt,
    firstSentAt: row.first_sent_at,
  };
  return row.step === 'send' ? { step: 'send', attempt, again: row.resent } : { step: row.step, attempt };
}

/** What a decline means for the rule and its card; see `record_decline`. */
export type DeclineClass = 'soft' | 'hard' | 'card-data' | 'authentication' | 'rate-limit' | 'state-wrong';

export interface Decline {
  readonly topUpId: string;
  readonly attempt: number;
  readonly class: DeclineClass;
  /** Stripe's words, for operators. */
  readonly code: string;
  readonly paymentIntentId: string | null;
}

const RECORD_DECLINE = `
  select record_decline($1::uuid, $2::int4, $3::text, $4::text, $5::text, $6::timestamptz) as next_attempt_at`;

/** Stores a decline with what follows from it; returns when to try again, null for never. */
export async function recordDecline(pool: Pool, decline: Decline, now: Date): Promise<Date | null> {
  const { topUpId, attempt, code, paymentIntentId } = decline;
  return withTransaction(pool, async (connection: Connection) => {
    const { rows } = await connection.query<{ next_attempt_at: Date | null }>(RECORD_DECLINE, [
      topUpId,
      attempt,
      decline.class,
      code,
      paymentIntentId,
      now,
    ]);
    return rows[0]?.next_attempt_at ?? null;
  });
}

const NAME_PAYMENT_INTENT = `
  update top_up_attempts set payment_intent_id = $3::text
  where top_up_id = $1::uuid and attempt = $2::int4 and payment_intent_id is null`;

/** Remembers which PaymentIntent an attempt made. */
export async function namePaymentIntent(
  pool: Pool,
  { topUpId, attempt }: Pick<Attempt, 'topUpId' | 'attempt'>,
  paymentIntentId: string,
): Promise<void> {
  await pool.query(NAME_PAYMENT_INTENT, [topUpId, attempt, paymentIntentId]);
}

const COUNT_REPLAYED_FAILURE = `
  update top_up_attempts set failures_replayed = failures_replayed + 1
  where top_up_id = $1::uuid and attempt = $2::int4
  returning failures_replayed`;

/** Counts a failure that Stripe replayed from its store; returns how many there were. */
export async function countReplayedFailure(
  pool: Pool,
  { topUpId, attempt }: Pick<Attempt, 'topUpId' | 'attempt'>,
): Promise<number> {
  const { rows } = await pool.query<{ failures_replayed: number }>(COUNT_REPLAYED_FAILURE, [
    topUpId,
    attempt,
  ]);
  return rows[0]?.failures_replayed ?? 0;
}

const MARK_UNKNOWN = `
  update top_ups set state = 'unknown', next_check_at = $2::timestamptz + interval '15 minutes'
  where id = $1::uuid and state in ('open', 'processing')`;

/** Nobody knows whether the attempt was executed: it blocks new ones and is looked up from now on. */
export async function markUnknown(pool: Pool, topUpId: string, now: Date): Promise<void> {
  await pool.query(MARK_UNKNOWN, [topUpId, now]);
}

const END_NEVER_SENT = `
  with ended as (
    update top_up_attempts set outcome = 'never-sent', ended_at = $3::timestamptz
    where top_up_id = $1::uuid and attempt = $2::int4 and ended_at is null
      and last_sent_at <= $3::timestamptz - interval '24 hours'
    returning top_up_id
  )
  select close_top_up(top_up_id, 'never-sent', $3::timestamptz) from ended`;

/** Closes a top-up whose attempt never reached Stripe: absent there 24 hours after it was last sent. Says whether. */
export async function endNeverSent(
  pool: Pool,
  { topUpId, attempt }: Pick<Attempt, 'topUpId' | 'attempt'>,
  now: Date,
): Promise<boolean> {
  const { rowCount } = await pool.query(END_NEVER_SENT, [topUpId, attempt, now]);
  return rowCount === 1;
}

const FIND_ATTEMPT = `
  select payment_intent_id from top_up_attempts where top_up_id = $1::uuid and attempt = $2::int4`;

/** The PaymentIntent of an attempt; null while none is known, `undefined` when there is no such attempt. */
export async function findAttemptIntent(
  pool: Pool,
  topUpId: string,
  attempt: number,
): Promise<string | null | undefined> {
  const { rows } = await pool.query<{ payment_intent_id: string | null }>(FIND_ATTEMPT, [topUpId, attempt]);
  return rows[0]?.payment_intent_id;
}

const FREE_AUTO_TOP_UP = `
  with locked as (
    select b.account_id from account_balances b join top_ups t on t.account_id = b.account_id
    where t.id = $1::uuid for update of b
  )
  select free_auto_top_up(account_id, $2::text, $3::timestamptz) as freed from locked`;

/** Ends an auto top-up if nothing of it can still take money. Says whether it did. */
export async function freeAutoTopUp(
  pool: Pool,
  topUpId: string,
  reason: string,
  now: Date,
): Promise<boolean> {
  const { rows } = await pool.query<{ freed: boolean }>(FREE_AUTO_TOP_UP, [topUpId, reason, now]);
  return rows[0]?.freed ?? true;
}
