// Card setups: a person on the way to save a card through Stripe's hosted page.
import type { Pool } from '../database.ts';

export interface CardSetup {
  readonly id: string;
  readonly personId: string;
  readonly customerId: string;
  readonly consentAddress: string | null;
  readonly sessionId: string | null;
  readonly sessionUrl: string | null;
  readonly state: 'open' | 'saved' | 'not-completed';
  readonly expiresAt: Date;
}

const COLUMNS = 'id, person_id, customer_id, consent_address, session_id, session_url, state, expires_at';

interface CardSetupRow {
  id: string;
  person_id: string;
  customer_id: string;
  consent_address: string | null;
  session_id: string | null;
  session_url: string | null;
  state: CardSetup['state'];
  expires_at: Date;
}

const INSERT_CARD_SETUP = `
  insert into card_setups (id, person_id, customer_id, consent_address, created_at, expires_at, next_check_at)
  values ($1::uuid, $2::uuid, $3::text, $4::text, $5::timestamptz, $6::timestamptz, $5::timestamptz + interval '1 minute')
  on conflict (id) do nothing`;

/** Stores a setup before Stripe hears of it; the same id again is the same setup. */
export async function insertCardSetup(
  pool: Pool,
  setup: Pick<CardSetup, 'id' | 'personId' | 'customerId' | 'consentAddress' | 'expiresAt'>,
  now: Date,
): Promise<void> {
  const { id, personId, customerId, consentAddress, expiresAt } = setup;
  await pool.query(INSERT_CARD_SETUP, [id, personId, customerId, consentAddress, now, expiresAt]);
}

const FIND_CARD_SETUP = `select ${COLUMNS} from card_setups where id = $1::uuid`;
const FIND_CARD_SETUP_BY_SESSION = `select ${COLUMNS} from card_setups where session_id = $1::text`;

export async function findCardSetup(pool: Pool, id: string): Promise<CardSetup | undefined> {
  const { rows } = await pool.query<CardSetupRow>(FIND_CARD_SETUP, [id]);
  return rows[0] && shaped(rows[0]);
}

export async function findCardSetupBySession(pool: Pool, sessionId: string): Promise<CardSetup | undefined> {
  const { rows } = await pool.query<CardSetupRow>(FIND_CARD_SETUP_BY_SESSION, [sessionId]);
  return rows[0] && shaped(rows[0]);
}

const SAVE_CARD_SETUP_SESSION = `
  update card_setups set session_id = $2::text, session_url = $3::text where id = $1::uuid and session_id is null`;

export async function saveCardSetupSession(
  pool: Pool,
  id: string,
  sessionId: string,
  url: string,
): Promise<void> {
  await pool.query(SAVE_CARD_SETUP_SESSION, [id, sessionId, url]);
}

const END_CARD_SETUP = `
  update card_setups set state = $2::text, payment_method_id = $3::text, session_url = null, next_check_at = null
  where id = $1::uuid and state <> 'saved'`;

/** Ends a setup: with the card that was saved, or without one. A saved one stays saved. */
export async function endCardSetup(pool: Pool, id: string, paymentMethodId: string | null): Promise<void> {
  const state: CardSetup['state'] = paymentMethodId === null ? 'not-completed' : 'saved';
  await pool.query(END_CARD_SETUP, [id, state, paymentMethodId]);
}

const TAKE_DUE_CARD_SETUPS = `
  update card_setups set next_check_at = least($1::timestamptz + interval '15 minutes', greatest(expires_at, $1::timestamptz) + interval '1 minute')
  where id in (
    select id from card_setups where next_check_at <= $1::timestamptz order by next_check_at limit $2::int4
    for update skip locked
  )
  returning ${COLUMNS}`;

/** The setups somebody must look at now; each is due again later unless it comes to an end. */
export async function takeDueCardSetups(pool: Pool, now: Date, most: number): Promise<CardSetup[]> {
  const { rows } = await pool.query<CardSetupRow>(TAKE_DUE_CARD_SETUPS, [now, most]);
  return rows.map(shaped);
}

function shaped(row: CardSetupRow): CardSetup {
  return {
    id: row.id,
    personId: row.person_id,
    customerId: row.customer_id,
    consentAddress: row.consent_address,
    sessionId: row.session_id,
    sessionUrl: row.session_url,
    state: row.state,
    expiresAt: row.expires_at,
  };
}
