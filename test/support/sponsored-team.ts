// A team with auto top-up for tests below Stripe: a saved card by SQL, and a top-up that was decided and not sent yet.
import { v7 as uuidv7 } from 'uuid';
import type { Pool } from '../../ledger/database.ts';
import { createTeam, type TestOrganization, type TestPerson } from './people.ts';
import { post } from './reading-usage.ts';

export interface SponsoredTeam {
  readonly team: TestOrganization;
  readonly sponsor: TestPerson;
  readonly card: string;
  readonly topUpId: string;
}

/** A team below its threshold of $10, whose owner or admin sponsors $20 at a time. */
export async function createSponsoredTeam(
  pool: Pool,
  role: 'owner' | 'admin' = 'owner',
): Promise<SponsoredTeam> {
  const team = await createTeam(pool);
  const sponsor = team[role];
  const card = await createCard(pool, sponsor.personId);
  await pool.query(
    'select set_auto_top_up($1, $2, $3, 10000000000, 20000000000, null, 100000000000, true, now())',
    [team.accountId, sponsor.personId, card],
  );
  await post(pool, team.accountId);
  const { rows } = await pool.query<{ id: string }>('select id from top_ups where account_id = $1', [
    team.accountId,
  ]);
  const [topUp] = rows;
  if (topUp === undefined) throw new Error('no top-up was decided');
  return { team, sponsor, card, topUpId: topUp.id };
}

/** A card that its owner agreed to have charged. */
export async function createCard(pool: Pool, personId: string): Promise<string> {
  const card = `pm_${uuidv7()}`;
  await pool.query(
    `insert into payment_methods (id, person_id, customer_id, fingerprint, brand, last4, exp_month, exp_year,
       consented_at, consent_terms, consent_address, created_at)
     values ($1, $2, $3, $1, 'visa', '4242', 1, 2099, now(), 'card-reuse-1', '192.0.2.77', now())`,
    [card, personId, `cus_${personId}`],
  );
  return card;
}
