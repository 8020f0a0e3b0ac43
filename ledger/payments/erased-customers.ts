// Customers of people who were erased: who is still to be deleted at Stripe.
import type { Pool } from '../database.ts';

// As long as a payment of theirs is under way, it is looked up by its Customer.
const TAKE_ERASED_CUSTOMERS = `
  update customers set delete_at = $1::timestamptz + interval '15 minutes'
  where (person_id, generation) in (
    select c.person_id, c.generation from customers c
    where c.delete_at <= $1::timestamptz and c.deleted_at is null and c.stripe_id is not null
      and not exists (select from top_ups t where t.payer_id = c.person_id and t.next_check_at is not null)
    order by c.delete_at limit $2::int4 for update skip locked
  )
  returning stripe_id`;

/** The Stripe ids of Customers to be deleted now; one that is not deleted comes again after a quarter of an hour. */
export async function takeErasedCustomers(pool: Pool, now: Date, most: number): Promise<string[]> {
  const { rows } = await pool.query<{ stripe_id: string }>(TAKE_ERASED_CUSTOMERS, [now, most]);
  return rows.map(({ stripe_id }) => stripe_id);
}
