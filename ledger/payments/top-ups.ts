// Top-ups: payments that add credit. The row comes first; what became of it is Stripe's word, stored here.
import type { Pool } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';

export type TopUpState = 'open' | 'processing' | 'unknown' | 'paid' | 'not-completed';

export interface TopUp {
  readonly id: string;
  readonly accountId: string;
  readonly mode: 'manual' | 'auto';
  readonly payer: { readonly id: string; readonly name: string };
  readonly amount: Nanos;
  readonly currency: string;
  readonly state: TopUpState;
  /** Why it was not completed; for operators and its payer. */
  readonly reason: string | null;
  readonly customerId: string | null;
  readonly saveCard: boolean;
  readonly checkoutSessionId: string | null;
  /** Where the payer pays, while that is possible. */
  readonly checkoutUrl: string | null;
  readonly expiresAt: Date | null;
  readonly paymentMethodId: string | null;
  readonly nextAttemptAt: Date | null;
  readonly paymentIntentId: string | null;
  readonly createdAt: Date;
  readonly paidAt: Date | null;
}

const COLUMNS = `t.id, t.account_id, t.mode, t.payer_id, name_at(t.payer_id, t.created_at) as payer_name, t.amount, t.currency, t.state, t.reason,
  t.customer_id, t.save_card, t.checkout_session_id, t.checkout_url, t.expires_at, t.payment_method_id,
  t.next_attempt_at, t.payment_intent_id, t.created_at, t.paid_at`;

interface TopUpRow {
  id: string;
  account_id: string;
  mode: TopUp['mode'];
  payer_id: string;
  payer_name: string;
  amount: string;
  currency: string;
  state: TopUpState;
  reason: string | null;
  customer_id: string | null;
  save_card: boolean;
  checkout_session_id: string | null;
  checkout_url: string | null;
  expires_at: Date | null;
  payment_method_id: string | null;
  next_attempt_at: Date | null;
  payment_intent_id: string | null;
  created_at: Date;
  paid_at: Date | null;
}

const INSERT_MANUAL_TOP_UP = `
  insert into top_ups (id, account_id, mode, payer_id, amount, currency, save_card, expires_at, created_at, next_check_at,
    request_id)
  select $1::uuid, a.id, 'manual', $3::uuid, $4::int8, a.currency, $5::boolean, $6::timestamptz, $7::timestamptz,
    $7::timestamptz + interval '1 minute', $8::text
  from accounts a join account_balances b on b.account_id = a.id
  where a.id = $2::uuid and b.state = 'open'
  for share of b
  on conflict (id) do nothing`;

/**
 * Stores a manual top-up before Stripe hears of it; the same id again is the same top-up. On an account that is frozen or
 * closed nothing is stored.
 */
export async function insertManualTopUp(
  pool: Pool,
  topUp: {
    id: string;
    accountId: string;
    payerId: string;
    amount: Nanos;
    saveCard: boolean;
    expiresAt: Date;
    /** The request that made it. */
    requestId?: string;
  },
  now: Date,
): Promise<void> {
  const { id, accountId, payerId, amount, saveCard, expiresAt, requestId = null } = topUp;
  const values = [id, accountId, payerId, amount, saveCard, expiresAt, now, requestId];
  await pool.query(INSERT_MANUAL_TOP_UP, values);
}

const FIND_TOP_UP = `select ${COLUMNS} from top_ups t where t.id = $1::uuid`;
const FIND_TOP_UP_BY_SESSION = `select ${COLUMNS} from top_ups t where t.checkout_session_id = $1::text`;
const FIND_TOP_UP_BY_PAYMENT_INTENT = `
  select ${COLUMNS} from top_ups t
  where t.payment_intent_id = $1::text
    or t.id = (select a.top_up_id from top_up_attempts a where a.payment_intent_id = $1::text)`;

export function findTopUp(pool: Pool, id: string): Promise<TopUp | undefined> {
  return findOne(pool, FIND_TOP_UP, id);
}

export function findTopUpBySession(pool: Pool, sessionId: string): Promise<TopUp | undefined> {
  return findOne(pool, FIND_TOP_UP_BY_SESSION, sessionId);
}

export function findTopUpByPaymentIntent(pool: Pool, paymentIntentId: string): Promise<TopUp | undefined> {
  return findOne(pool, FIND_TOP_UP_BY_PAYMENT_INTENT, paymentIntentId);
}

async function findOne(pool: Pool, statement: string, value: string): Promise<TopUp | undefined> {
  const { rows } = await pool.query<TopUpRow>(statement, [value]);
  return rows[0] && shaped(rows[0]);
}

const LIST_TOP_UPS = `
  select ${COLUMNS} from top_ups t
  where t.account_id = $1::uuid and ($2::uuid is null or t.id < $2::uuid)
  order by t.id desc limit $3::int4`;

/** An account's top-ups, newest first, `before` an id. */
export async function listTopUps(
  pool: Pool,
  accountId: string,
  page: { before: string | undefined; limit: number },
): Promise<TopUp[]> {
  const { rows } = await pool.query<TopUpRow>(LIST_TOP_UPS, [accountId, page.before ?? null, page.limit]);
  return rows.map(shaped);
}

const SAVE_CHECKOUT = `
  update top_ups set customer_id = $2::text, checkout_session_id = $3::text, checkout_url = $4::text
  where id = $1::uuid and (checkout_session_id is null or checkout_session_id = $3::text) and state = 'open'`;

/** Stores the Checkout Session that was opened for a manual top-up. */
export async function saveCheckout(
  pool: Pool,
  topUpId: string,
  checkout: { customerId: string; sessionId: string; url: string },
): Promise<void> {
  await pool.query(SAVE_CHECKOUT, [topUpId, checkout.customerId, checkout.sessionId, checkout.url]);
}

const MARK_PROCESSING = `
  update top_ups set state = 'processing', next_check_at = $2::timestamptz + interval '15 minutes', checkout_url = null
  where id = $1::uuid and state in ('open', 'unknown')`;

/** The payment is under way at the bank: nothing is sent again, Stripe will tell. */
export async function markProcessing(pool: Pool, topUpId: string, now: Date): Promise<void> {
  await pool.query(MARK_PROCESSING, [topUpId, now]);
}

const CLOSE_TOP_UP = 'select close_top_up($1::uuid, $2::text, $3::timestamptz)';

/** Ends a top-up that was not paid; one that is over stays as it is. */
export async function closeTopUp(pool: Pool, topUpId: string, reason: string, now: Date): Promise<void> {
  await pool.query(CLOSE_TOP_UP, [topUpId, reason, now]);
}

const TAKE_DUE_TOP_UPS = `
  update top_ups set next_check_at = $1::timestamptz + $3::interval
  where id in (
    select id from top_ups where next_check_at <= $1::timestamptz order by next_check_at limit $2::int4
    for update skip locked
  )
  returning id, account_id`;

/** The open top-ups that nobody looked at in time; each is due again after `again` unless it comes to an end. */
export async function takeDueTopUps(
  pool: Pool,
  now: Date,
  { most, again }: { most: number; again: string },
): Promise<{ topUpId: string; accountId: string }[]> {
  const { rows } = await pool.query<{ id: string; account_id: string }>(TAKE_DUE_TOP_UPS, [now, most, again]);
  return rows.map((row) => ({ topUpId: row.id, accountId: row.account_id }));
}

const TAKE_PAGES_TO_END = `
  update top_ups set end_page_at = $1::timestamptz + interval '1 minute'
  where id in (
    select id from top_ups where end_page_at <= $1::timestamptz and next_check_at is not null
    order by end_page_at limit $2::int4 for update skip locked
  )
  returning id`;

/** The open top-ups of closed accounts; each is due again after a minute unless it comes to an end. */
export async function takePagesToEnd(pool: Pool, now: Date, most: number): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(TAKE_PAGES_TO_END, [now, most]);
  return rows.map(({ id }) => id);
}

const COUNT_RESTART = `
  update top_ups set restarts = restarts + 1,
    next_check_at = $2::timestamptz + least(interval '1 minute' * 2 ^ least(restarts, 11), interval '1 day')
  where id = $1::uuid and next_check_at is not null
  returning restarts`;

/** Counts that a top-up's workflow had ended before it did; `undefined` when it has ended by now. */
export async function countRestart(pool: Pool, topUpId: string, now: Date): Promise<number | undefined> {
  const { rows } = await pool.query<{ restarts: number }>(COUNT_RESTART, [topUpId, now]);
  return rows[0]?.restarts;
}

const POSTPONE_CHECK = `
  update top_ups set next_check_at = $2::timestamptz where id = $1::uuid and next_check_at is not null`;

/** Says when somebody else must look at a top-up, should its workflow be gone by then. */
export async function postponeCheck(pool: Pool, topUpId: string, until: Date): Promise<void> {
  await pool.query(POSTPONE_CHECK, [topUpId, until]);
}

function shaped(row: TopUpRow): TopUp {
  return {
    id: row.id,
    accountId: row.account_id,
    mode: row.mode,
    payer: { id: row.payer_id, name: row.payer_name },
    amount: nanosFromString(row.amount),
    currency: row.currency,
    state: row.state,
    reason: row.reason,
    customerId: row.customer_id,
    saveCard: row.save_card,
    checkoutSessionId: row.checkout_session_id,
    checkoutUrl: row.checkout_url,
    expiresAt: row.expires_at,
    paymentMethodId: row.payment_method_id,
    nextAttemptAt: row.next_attempt_at,
    paymentIntentId: row.payment_intent_id,
    createdAt: row.created_at,
    paidAt: row.paid_at,
  };
}
