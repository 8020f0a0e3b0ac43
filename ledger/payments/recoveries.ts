// Recoveries: an auto top-up that the bank wanted confirmed, paid by its sponsor by hand; the rule then goes on.
import { type Pool, withTransaction } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';
import { findTopUp, type TopUp } from './top-ups.ts';

/** A charge that waits for its payer's confirmation, or did. */
export interface Unconfirmed {
  readonly topUpId: string;
  readonly accountId: string;
  readonly amount: Nanos;
  /** The organization's name; null for the payer's own account. */
  readonly organization: string | null;
  /** The payment that the bank refused without confirmation. */
  readonly paymentIntentId: string | null;
  /** The manual top-up that pays it, once there is one that is paid or can be. */
  readonly recoveryId: string | null;
  /** Whether the rule still waits for this payer and this card. */
  readonly isWaiting: boolean;
}

const FIND_UNCONFIRMED = `
  select t.account_id, t.amount, o.name as organization,
    (select a.payment_intent_id from top_up_attempts a where a.top_up_id = t.id order by a.attempt desc limit 1) as payment_intent_id,
    (select x.id from top_ups x where x.recovers = t.id and x.state <> 'not-completed' order by x.state = 'paid' desc limit 1)
      as recovery_id,
    coalesce(r.suspension = 'authentication' and r.sponsor_id = t.payer_id and r.payment_method_id = t.payment_method_id, false)
      and may_sponsor(t.account_id, t.payer_id) as is_waiting
  from top_ups t
  join accounts a on a.id = t.account_id
  left join auth.organizations o on a.owner_type = 'organization' and o.id = a.owner_id
  left join auto_top_up_rules r on r.account_id = t.account_id
  where t.id = $1::uuid and t.payer_id = $2::uuid and t.mode = 'auto' and t.state = 'not-completed' and t.reason = 'authentication'`;

interface UnconfirmedRow {
  account_id: string;
  amount: string;
  organization: string | null;
  payment_intent_id: string | null;
  recovery_id: string | null;
  is_waiting: boolean;
}

/** The charge, if it is this person's and the bank wanted it confirmed. */
export async function findUnconfirmed(
  pool: Pool,
  topUpId: string,
  payerId: string,
): Promise<Unconfirmed | undefined> {
  const { rows } = await pool.query<UnconfirmedRow>(FIND_UNCONFIRMED, [topUpId, payerId]);
  const row = rows[0];
  return (
    row && {
      topUpId,
      accountId: row.account_id,
      amount: nanosFromString(row.amount),
      organization: row.organization,
      paymentIntentId: row.payment_intent_id,
      recoveryId: row.recovery_id,
      isWaiting: row.is_waiting,
    }
  );
}

const LOCK_ACCOUNT = `
  select from account_balances b join top_ups t on t.account_id = b.account_id where t.id = $1::uuid for share of b`;

const INSERT_RECOVERY = `
  insert into top_ups (id, account_id, mode, payer_id, amount, currency, recovers, expires_at, created_at, next_check_at)
  select $1::uuid, t.account_id, 'manual', t.payer_id, t.amount, t.currency, t.id, $3::timestamptz, $4::timestamptz,
    $4::timestamptz + interval '1 minute'
  from top_ups t join account_balances b on b.account_id = t.account_id
  where t.id = $2::uuid and b.state = 'open'
    and not exists (select from top_ups x where x.recovers = t.id and x.state = 'paid')
  on conflict do nothing`;

const FIND_RECOVERY = `
  select id from top_ups where recovers = $1::uuid and state <> 'not-completed' order by state = 'paid' desc limit 1`;

/**
 * The one manual top-up that pays an unconfirmed charge: stored now, or the one already there, paid or not. One that has
 * ended unpaid makes room for the next. `undefined` when the account is frozen or closed.
 */
export async function reserveRecovery(
  pool: Pool,
  recovery: { id: string; topUpId: string; expiresAt: Date },
  now: Date,
): Promise<TopUp | undefined> {
  const { id, topUpId, expiresAt } = recovery;
  const found = await withTransaction(pool, async (connection) => {
    // whoever credits a payment has this lock: the statements behind it know what is paid
    await connection.query(LOCK_ACCOUNT, [topUpId]);
    await connection.query(INSERT_RECOVERY, [id, topUpId, expiresAt, now]);
    const { rows } = await connection.query<{ id: string }>(FIND_RECOVERY, [topUpId]);
    return rows[0];
  });
  return found && findTopUp(pool, found.id);
}
