// Rules of auto top-up: read, set, removed. What they decide is in SQL, beside the balance row's lock.
import { type Actor, withActing } from '../acting.ts';
import type { Connection, Pool } from '../database.ts';
import { holdRole } from '../membership.ts';
import { type Nanos, nanosFromString } from '../money.ts';
import { Refusal } from '../refusal.ts';

export interface RuleTerms {
  readonly threshold: Nanos;
  /** Exactly one of `amount` and `targetBalance` is given. */
  readonly amount: Nanos | null;
  readonly targetBalance: Nanos | null;
  readonly monthlyCap: Nanos;
}

export interface Rule extends RuleTerms {
  readonly sponsor: { readonly id: string; readonly name: string };
  readonly paymentMethodId: string;
  readonly state: 'enabled' | 'suspended';
  readonly suspension: string | null;
  readonly decision: string | null;
  readonly reason: string | null;
  readonly nextEvaluationAt: Date | null;
  /** What it took this UTC month: paid, in flight and unknown. */
  readonly takenThisMonth: Nanos;
  readonly topUpInFlight: string | null;
  readonly updatedAt: Date;
}

const FIND_RULE = `
  select r.threshold, r.amount, r.target_balance, r.monthly_cap, r.sponsor_id, p.name as sponsor_name, r.payment_method_id,
    r.state, r.suspension, r.decision, r.reason, r.next_evaluation_at, r.updated_at,
    auto_top_up_month(r.account_id, $2::timestamptz) as taken, s.top_up_in_flight
  from auto_top_up_rules r
  join auth.people p on p.id = r.sponsor_id
  cross join auto_top_up_standing(r.account_id) s
  where r.account_id = $1::uuid`;

interface RuleRow {
  threshold: string;
  amount: string | null;
  target_balance: string | null;
  monthly_cap: string;
  sponsor_id: string;
  sponsor_name: string;
  payment_method_id: string;
  state: Rule['state'];
  suspension: string | null;
  decision: string | null;
  reason: string | null;
  next_evaluation_at: Date | null;
  updated_at: Date;
  taken: string;
  top_up_in_flight: string | null;
}

/** An account's rule; `undefined` when it has none. */
export async function findRule(
  db: Pool | Connection,
  accountId: string,
  now: Date,
): Promise<Rule | undefined> {
  const { rows } = await db.query<RuleRow>(FIND_RULE, [accountId, now]);
  const row = rows[0];
  return (
    row && {
      threshold: nanosFromString(row.threshold),
      amount: row.amount === null ? null : nanosFromString(row.amount),
      targetBalance: row.target_balance === null ? null : nanosFromString(row.target_balance),
      monthlyCap: nanosFromString(row.monthly_cap),
      sponsor: { id: row.sponsor_id, name: row.sponsor_name },
      paymentMethodId: row.payment_method_id,
      state: row.state,
      suspension: row.suspension,
      decision: row.decision,
      reason: row.reason,
      nextEvaluationAt: row.next_evaluation_at,
      takenThisMonth: nanosFromString(row.taken),
      topUpInFlight: row.top_up_in_flight,
      updatedAt: row.updated_at,
    }
  );
}

/** Who changes the rule of which account, and when. */
export interface RuleChange {
  readonly accountId: string;
  /** The roles of those who may. */
  readonly stewards: readonly string[];
  readonly actor: Actor;
  readonly now: Date;
}

const LOCK_ACCOUNT = 'select state from account_balances where account_id = $1::uuid for update';
const LOCK_RULE = 'select from auto_top_up_rules where account_id = $1::uuid for update';

/**
 * Runs `work` in a person's name, while nobody else decides about the account's auto top-up. Their right is judged here
 * again: raises `account-not-found` for who lost it a moment ago.
 */
export async function withRuleLocked<T>(
  pool: Pool,
  { accountId, stewards, actor, now }: RuleChange,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  return withActing(pool, actor, now, async (connection) => {
    await connection.query(LOCK_ACCOUNT, [accountId]);
    await connection.query(LOCK_RULE, [accountId]);
    const personId = actor.kind === 'person' ? actor.id : undefined;
    if (personId !== undefined && !(await holdRole(connection, { accountId, personId, roles: stewards })))
      throw new Refusal(
        'account-not-found',
        'There is no such account, or its rule is no longer yours to set.',
      );
    return work(connection);
  });
}

const SET_RULE = `
  select set_auto_top_up($1::uuid, $2::uuid, $3::text, $4::int8, $5::int8, $6::int8, $7::int8, $8::boolean, $9::timestamptz)`;

/** Stores or replaces a rule, and frees the top-up of the old one unless it can still take money. */
export async function setRule(
  connection: Connection,
  rule: RuleTerms & { accountId: string; sponsorId: string; paymentMethodId: string; resume: boolean },
  now: Date,
): Promise<void> {
  const { accountId, sponsorId, paymentMethodId, threshold, amount, targetBalance, monthlyCap, resume } =
    rule;
  await connection.query(SET_RULE, [
    accountId,
    sponsorId,
    paymentMethodId,
    threshold,
    amount,
    targetBalance,
    monthlyCap,
    resume,
    now,
  ]);
}

const FREE_TOP_UP = `select free_auto_top_up($1::uuid, 'rule-removed', $2::timestamptz)`;
const DELETE_RULE = 'delete from auto_top_up_rules where account_id = $1::uuid';

/** Removes a rule; a charge already sent still credits the account. */
export async function removeRule(pool: Pool, change: RuleChange): Promise<void> {
  const { accountId, now } = change;
  await withRuleLocked(pool, change, async (connection) => {
    await connection.query(FREE_TOP_UP, [accountId, now]);
    await connection.query(DELETE_RULE, [accountId]);
  });
}

const FIND_USABLE_CARD = `
  select s.reason as suspended from payment_methods m
  left join card_suspensions s on s.fingerprint = m.fingerprint
    and (s.suspended_until is null or s.suspended_until > $3::timestamptz)
  where m.id = $1::text and m.person_id = $2::uuid and m.detached_at is null`;

/** Whether a person has a card, and whether it may be charged while they are away. */
export async function findCardUse(
  connection: Connection,
  card: { paymentMethodId: string; personId: string },
  now: Date,
): Promise<'usable' | 'suspended' | 'not-theirs'> {
  const { rows } = await connection.query<{ suspended: string | null }>(FIND_USABLE_CARD, [
    card.paymentMethodId,
    card.personId,
    now,
  ]);
  const row = rows[0];
  if (row === undefined) return 'not-theirs';
  return row.suspended === null ? 'usable' : 'suspended';
}

const PREVIEW = `
  select c.decision, c.reason, c.amount
  from auto_top_up_rules r
  join account_balances b on b.account_id = r.account_id
  cross join lateral auto_top_up_choice(r, b.state, b.posted + b.pending, $2::timestamptz) c
  where r.account_id = $1::uuid`;

export interface Preview {
  readonly decision: string;
  readonly reason: string;
  readonly amount: Nanos | null;
}

/** What the rule, as it is stored now, would decide on the balance as it is now. */
export async function previewRule(
  connection: Connection,
  accountId: string,
  now: Date,
): Promise<Preview | undefined> {
  const { rows } = await connection.query<{ decision: string; reason: string; amount: string | null }>(
    PREVIEW,
    [accountId, now],
  );
  const row = rows[0];
  return row && { ...row, amount: row.amount === null ? null : nanosFromString(row.amount) };
}
