// Quarantine: payments that Stripe took and that did not match what was asked for, and what operators decided about each.
import { type Actor, setReason, withActing } from '../acting.ts';
import type { Pool } from '../database.ts';

export type QuarantineResolution = 'credited' | 'kept-out';

export interface QuarantinedPayment {
  readonly paymentIntentId: string;
  /** Why it did not match. */
  readonly reason: string;
  readonly amountCents: number | null;
  readonly currency: string | null;
  readonly foundAt: Date;
  /** To the microsecond, for the next page. */
  readonly foundExactly: string;
  readonly topUpId: string | null;
  readonly accountId: string | null;
  /** What its top-up asked for, in nanos as a string. */
  readonly askedNanos: string | null;
  readonly payer: { readonly id: string; readonly name: string | null } | null;
  readonly resolution: {
    readonly kind: QuarantineResolution;
    readonly reason: string | null;
    readonly by: string | null;
    readonly at: Date;
  } | null;
}

const COLUMNS = `
  select q.payment_intent_id, q.reason, q.amount_cents, q.currency, q.found_at,
    to_char(q.found_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as found_exactly, q.top_up_id, t.account_id, t.amount as asked,
    t.payer_id, p.name as payer_name, q.resolution, q.resolution_reason, q.resolved_by, q.resolved_at
  from quarantined_payments q left join top_ups t on t.id = q.top_up_id left join auth.people p on p.id = t.payer_id`;

const LIST_QUARANTINE = `${COLUMNS}
  where (q.resolved_at is null) = $1::boolean
    and (q.found_at, q.payment_intent_id) > ($2::timestamptz, $3::text)
  order by q.found_at, q.payment_intent_id limit $4::int4`;

const FIND_QUARANTINED = `${COLUMNS} where q.payment_intent_id = $1::text`;

interface QuarantineRow {
  payment_intent_id: string;
  reason: string;
  amount_cents: string | null;
  currency: string | null;
  found_at: Date;
  found_exactly: string;
  top_up_id: string | null;
  account_id: string | null;
  asked: string | null;
  payer_id: string | null;
  payer_name: string | null;
  resolution: QuarantineResolution | null;
  resolution_reason: string | null;
  resolved_by: string | null;
  resolved_at: Date | null;
}

/** The payments that wait for a decision, or those that have one; oldest first, `after` a place. */
export async function listQuarantine(
  pool: Pool,
  page: {
    isOpen: boolean;
    after: { foundAt: string; paymentIntentId: string } | undefined;
    limit: number;
  },
): Promise<QuarantinedPayment[]> {
  const { foundAt, paymentIntentId } = page.after ?? { foundAt: '-infinity', paymentIntentId: '' };
  const values = [page.isOpen, foundAt, paymentIntentId, page.limit];
  const { rows } = await pool.query<QuarantineRow>(LIST_QUARANTINE, values);
  return rows.map(shaped);
}

export async function findQuarantined(
  pool: Pool,
  paymentIntentId: string,
): Promise<QuarantinedPayment | undefined> {
  const { rows } = await pool.query<QuarantineRow>(FIND_QUARANTINED, [paymentIntentId]);
  return rows[0] && shaped(rows[0]);
}

const RESOLVE_QUARANTINE = `
  select resolve_quarantine($1::text, $2::text, $3::text, $4::text, $5::uuid, $6::uuid, $7::timestamptz) as account_id`;

export interface Decision {
  readonly paymentIntentId: string;
  readonly resolution: QuarantineResolution;
  readonly reason: string;
  /** The name of the operator's token. */
  readonly operator: string;
  /** Whom to credit, for a payment that belongs to no top-up. */
  readonly accountId: string | null;
  /** The id of the ledger command that a credit becomes. */
  readonly commandId: string;
}

/**
 * Stores a decision, and the credit with it, in one transaction; the same decision again changes nothing. Returns the
 * account, if there is one. Raises `quarantine-resolved`, `payment-not-creditable`, `account-not-found`,
 * `account-closed`.
 */
export async function resolveQuarantine(
  pool: Pool,
  { paymentIntentId, resolution, reason, operator, accountId, commandId }: Decision,
  actor: Actor,
  now: Date,
): Promise<string | null> {
  return withActing(pool, actor, now, async (connection) => {
    await setReason(connection, reason);
    const values = [paymentIntentId, resolution, reason, operator, accountId, commandId, now];
    const { rows } = await connection.query<{ account_id: string | null }>(RESOLVE_QUARANTINE, values);
    return rows[0]?.account_id ?? null;
  });
}

function shaped(row: QuarantineRow): QuarantinedPayment {
  return {
    paymentIntentId: row.payment_intent_id,
    reason: row.reason,
    amountCents: row.amount_cents === null ? null : Number(row.amount_cents),
    currency: row.currency,
    foundAt: row.found_at,
    foundExactly: row.found_exactly,
    topUpId: row.top_up_id,
    accountId: row.account_id,
    askedNanos: row.asked,
    payer: row.payer_id === null ? null : { id: row.payer_id, name: row.payer_name },
    resolution:
      row.resolution === null || row.resolved_at === null
        ? null
        : {
            kind: row.resolution,
            reason: row.resolution_reason,
            by: row.resolved_by,
            at: row.resolved_at,
          },
  };
}
