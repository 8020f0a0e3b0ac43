// Settlement in the database: a confirmed payment becomes credit once, or stands in quarantine.
import { v7 as uuidv7 } from 'uuid';
import { SYSTEM, withActing } from '../acting.ts';
import type { Pool } from '../database.ts';

/** The key of the ledger command that a payment becomes. */
export function purchaseKey(paymentIntentId: string): string {
  return `purchase:${paymentIntentId}`;
}

const CREDIT_PAYMENT = `
  select credit_payment($1::uuid, $2::int4, $3::text, $4::uuid, $5::timestamptz) as outcome`;

export type CreditOutcome = 'credited' | 'again' | 'second' | 'quarantined';

/** Marks a top-up paid and stores its purchase, in one transaction. Raises `account-closed`. */
export async function creditPayment(
  pool: Pool,
  payment: { topUpId: string; attempt: number | null; paymentIntentId: string },
  now: Date,
): Promise<CreditOutcome> {
  return withActing(pool, SYSTEM, now, async (connection) => {
    const { rows } = await connection.query<{ outcome: CreditOutcome }>(CREDIT_PAYMENT, [
      payment.topUpId,
      payment.attempt,
      payment.paymentIntentId,
      uuidv7(),
      now,
    ]);
    const outcome = rows[0]?.outcome;
    if (outcome === undefined) throw new Error('the database answered without a row');
    return outcome;
  });
}

const QUARANTINE_PAYMENT = `
  select quarantine_payment($1::text, $2::uuid, $3::text, $4::int8, $5::text, $6::jsonb, $7::timestamptz) as is_new`;

export interface QuarantinedPayment {
  readonly paymentIntentId: string;
  readonly topUpId: string | null;
  readonly reason: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly details: Readonly<Record<string, string | number | null>>;
}

/** Sets a payment aside for an operator; it is never credited by itself. Returns whether it is new here. */
export async function quarantinePayment(
  pool: Pool,
  payment: QuarantinedPayment,
  now: Date,
): Promise<boolean> {
  const { rows } = await pool.query<{ is_new: boolean }>(QUARANTINE_PAYMENT, [
    payment.paymentIntentId,
    payment.topUpId,
    payment.reason,
    payment.amountCents,
    payment.currency,
    payment.details,
    now,
  ]);
  return rows[0]?.is_new ?? false;
}
