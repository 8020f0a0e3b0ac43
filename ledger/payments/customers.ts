// Customers: which Stripe Customer stands for a person; the row comes first, Stripe's id after the call.
import type { Pool } from '../database.ts';

export interface Customer {
  readonly personId: string;
  /** Counts the Customers a person had: a deleted one is followed by the next. */
  readonly generation: number;
  readonly email: string;
  readonly stripeId: string | null;
}

const RESERVE_CUSTOMER = `
  insert into customers (person_id, generation, email, created_at)
  select p.id, coalesce((select max(c.generation) from customers c where c.person_id = p.id), 0) + 1, p.email, $2::timestamptz
  from auth.people p
  where p.id = $1::uuid
    and not exists (select from customers c where c.person_id = p.id and c.deleted_at is null)
  on conflict do nothing`;

const FIND_CUSTOMER = `
  select generation, email, stripe_id from customers
  where person_id = $1::uuid and deleted_at is null`;

interface CustomerRow {
  generation: number;
  email: string;
  stripe_id: string | null;
}

/** The person's living Customer, reserved now if there is none; its parameters never change from then on. */
export async function reserveCustomer(pool: Pool, personId: string, now: Date): Promise<Customer> {
  await pool.query(RESERVE_CUSTOMER, [personId, now]);
  const { rows } = await pool.query<CustomerRow>(FIND_CUSTOMER, [personId]);
  const row = rows[0];
  if (row === undefined) throw new Error(`person ${personId} does not exist`);
  return { personId, generation: row.generation, email: row.email, stripeId: row.stripe_id };
}

const SAVE_CUSTOMER = `
  update customers set stripe_id = $3::text
  where person_id = $1::uuid and generation = $2::int4 and stripe_id is null`;

/** Stores the id that Stripe gave the Customer. */
export async function saveCustomer(
  pool: Pool,
  { personId, generation }: Customer,
  stripeId: string,
): Promise<void> {
  await pool.query(SAVE_CUSTOMER, [personId, generation, stripeId]);
}

const DELETE_CUSTOMER = `
  with gone as (
    update customers set deleted_at = $2::timestamptz where stripe_id = $1::text and deleted_at is null returning stripe_id
  )
  update payment_methods set detached_at = $2::timestamptz
  where customer_id = $1::text and detached_at is null`;

/** A Customer was deleted at Stripe: its cards are gone, and with them the rules that use them. */
export async function deleteCustomer(pool: Pool, stripeId: string, now: Date): Promise<void> {
  await pool.query(DELETE_CUSTOMER, [stripeId, now]);
}
