// Payment methods: the cards a person agreed to have charged while away; only ever shown to that person.
import type { Connection, Pool } from '../database.ts';

export interface PaymentMethod {
  readonly id: string;
  readonly customerId: string;
  readonly fingerprint: string;
  readonly brand: string;
  readonly last4: string;
  readonly expMonth: number;
  readonly expYear: number;
}

export interface Consent {
  readonly personId: string;
  readonly terms: string;
  /** The address the person agreed from, where it is known. */
  readonly address: string | null;
}

/** The terms a person agrees to when a card is saved; a change of the words is a new version. */
export const CONSENT_TERMS = 'card-reuse-1';

const SAVE_PAYMENT_METHOD = `
  insert into payment_methods (
    id, person_id, customer_id, fingerprint, brand, last4, exp_month, exp_year,
    consented_at, consent_terms, consent_address, created_at
  )
  values ($1::text, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::int4, $8::int4,
    $11::timestamptz, $9::text, $10::text, $11::timestamptz)
  on conflict (id) do update set brand = excluded.brand, last4 = excluded.last4,
    exp_month = excluded.exp_month, exp_year = excluded.exp_year`;

/** Stores a card with the consent to charge it; one already stored keeps its consent. */
export async function savePaymentMethod(
  pool: Pool,
  method: PaymentMethod,
  consent: Consent,
  now: Date,
): Promise<void> {
  const { id, customerId, fingerprint, brand, last4, expMonth, expYear } = method;
  await pool.query(SAVE_PAYMENT_METHOD, [
    id,
    consent.personId,
    customerId,
    fingerprint,
    brand,
    last4,
    expMonth,
    expYear,
    consent.terms,
    consent.address,
    now,
  ]);
}

const REFRESH_PAYMENT_METHOD = `
  update payment_methods set brand = $2::text, last4 = $3::text, exp_month = $4::int4, exp_year = $5::int4,
    fingerprint = $6::text
  where id = $1::text`;

/** Follows a card that the network or the portal updated. Returns whether it is one of ours. */
export async function refreshPaymentMethod(pool: Pool, method: PaymentMethod): Promise<boolean> {
  const { id, brand, last4, expMonth, expYear, fingerprint } = method;
  const { rowCount } = await pool.query(REFRESH_PAYMENT_METHOD, [
    id,
    brand,
    last4,
    expMonth,
    expYear,
    fingerprint,
  ]);
  return rowCount === 1;
}

/* The balance rows come before the card, as everywhere; its trigger would only lock them behind it. */
const DETACH_PAYMENT_METHOD = `
  with held as materialized (
    select b.account_id from auto_top_up_rules r join account_balances b on b.account_id = r.account_id
    where r.payment_method_id = $1::text order by b.account_id for update of b
  )
  update payment_methods set detached_at = coalesce(detached_at, $2::timestamptz)
  where id = $1::text and (select count(*) from held) >= 0`;

/** A card is gone; the rules that use it are suspended by the same statement. Returns whether it is one of ours. */
export async function detachPaymentMethod(db: Pool | Connection, id: string, now: Date): Promise<boolean> {
  const { rowCount } = await db.query(DETACH_PAYMENT_METHOD, [id, now]);
  return rowCount === 1;
}

const LIST_PAYMENT_METHODS = `
  select id, brand, last4, exp_month, exp_year, created_at from payment_methods
  where person_id = $1::uuid and detached_at is null
  order by created_at desc, id`;

interface PaymentMethodRow {
  id: string;
  brand: string;
  last4: string;
  exp_month: number;
  exp_year: number;
  created_at: Date;
}

export interface SavedCard {
  readonly id: string;
  readonly brand: string;
  readonly last4: string;
  readonly expMonth: number;
  readonly expYear: number;
  readonly createdAt: Date;
}

/** A person's own cards, newest first. */
export async function listPaymentMethods(pool: Pool, personId: string): Promise<SavedCard[]> {
  const { rows } = await pool.query<PaymentMethodRow>(LIST_PAYMENT_METHODS, [personId]);
  return rows.map((row) => ({
    id: row.id,
    brand: row.brand,
    last4: row.last4,
    expMonth: row.exp_month,
    expYear: row.exp_year,
    createdAt: row.created_at,
  }));
}

const FIND_OWN_PAYMENT_METHOD = `
  select detached_at is null as is_saved from payment_methods where id = $1::text and person_id = $2::uuid`;

/** Whether a card is saved, or was and is gone; `undefined` for one that is not this person's. */
export async function findOwnPaymentMethod(
  pool: Pool,
  { paymentMethodId, personId }: { readonly paymentMethodId: string; readonly personId: string },
): Promise<'saved' | 'gone' | undefined> {
  const { rows } = await pool.query<{ is_saved: boolean }>(FIND_OWN_PAYMENT_METHOD, [
    paymentMethodId,
    personId,
  ]);
  const row = rows[0];
  return row && (row.is_saved ? 'saved' : 'gone');
}
