// Things: what the paths of the API can name, each of an account, an organization or a person.
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { createSecret, hashSecret } from '../../../ledger/secrets.ts';
import { createServiceToken } from '../../../ledger/service-tokens.ts';
import { createKey, createOrganization, createPerson, type TestPerson } from '../people.ts';
import { postedLine } from './posted-lines.ts';

/** Ids by the names that the paths give them. */
export interface Things {
  readonly accountId: string;
  readonly organizationId: string;
  readonly apiKeyId: string;
  readonly topUpId: string;
  /** A member who may be removed. */
  readonly memberId: string;
  /** A token of a program of the organization. */
  readonly tokenId: string;
  /** A session beside the one that calls. */
  readonly sessionId: string;
  /** The slug of the organization. */
  readonly slug: string;
  /** An invitation that the organization has sent. */
  readonly invitationId: string;
  /** An invitation that the person has received, and the secret of its link. */
  readonly receivedId: string;
  readonly receivedSecret: string;
  /** A person who may be erased. */
  readonly personId: string;
  /** An auto top-up of the person that the bank wants confirmed. */
  readonly unconfirmedId: string;
  /** A payment that was set aside. */
  readonly paymentId: string;
  /** A saved card of the person that no rule uses. */
  readonly paymentMethodId: string;
  /** A line of the account's history. */
  readonly transactionId: string;
}

/** Where things are: an account, and the organization that owns it; none owns a personal account. */
interface Place {
  readonly accountId: string;
  readonly organizationId?: string;
  readonly memberId: string;
}

/** Ids that nothing has. */
export function nothing(): Things {
  return {
    accountId: uuidv7(),
    organizationId: uuidv7(),
    apiKeyId: uuidv7(),
    topUpId: uuidv7(),
    memberId: uuidv7(),
    tokenId: uuidv7(),
    sessionId: uuidv7(),
    slug: 'none',
    invitationId: uuidv7(),
    receivedId: uuidv7(),
    receivedSecret: createSecret('invitation'),
    personId: uuidv7(),
    unconfirmedId: uuidv7(),
    paymentId: `pi_${uuidv7()}`,
    paymentMethodId: `pm_${uuidv7()}`,
    transactionId: 'entry-999999',
  };
}

/** A person's own things on an account: made for them. */
export async function thingsOf(pool: Pool, person: TestPerson, place: Place): Promise<Things> {
  const { personId } = person;
  const { accountId, organizationId } = place;
  const { apiKeyId } = await createKey(pool, { accountId, memberId: personId });
  const topUpId = await storeTopUp(pool, accountId, personId);
  const received = await storeReceived(pool, person);
  const ofOrganization = organizationId === undefined ? {} : await thingsIn(pool, organizationId, personId);
  return {
    ...nothing(),
    ...place,
    ...ofOrganization,
    apiKeyId,
    topUpId,
    sessionId: await storeSession(pool, personId),
    receivedId: received.id,
    receivedSecret: received.secret,
    personId: (await createPerson(pool, 'Pit Passing')).personId,
    unconfirmedId: await storeUnconfirmed(pool, person),
    paymentId: await storeQuarantined(pool, topUpId),
    paymentMethodId: await storeCard(pool, personId, `pm_${uuidv7().replaceAll('-', '')}`),
    transactionId: await postedLine(pool, accountId, 1),
  };
}

async function thingsIn(pool: Pool, organizationId: string, personId: string) {
  const { rows } = await pool.query<{ slug: string }>('select slug from auth.organizations where id = $1', [
    organizationId,
  ]);
  const email = `${uuidv7()}@example.com`;
  return {
    slug: rows[0]?.slug ?? '',
    tokenId: await storeToken(pool, organizationId, personId),
    invitationId: (await storeInvitation(pool, { organizationId, inviterId: personId, email })).id,
  };
}

/** The same on their personal account. */
export function personalThings(pool: Pool, person: TestPerson): Promise<Things> {
  return thingsOf(pool, person, { accountId: person.accountId, memberId: person.personId });
}

/** Things of an organization in which nobody else has a part. */
export async function foreignThings(pool: Pool): Promise<Things> {
  const owner = await createPerson(pool, 'Greta Globex');
  const globex = await createOrganization(pool, owner.personId, 'Globex');
  await storeRule(pool, globex.accountId, owner.personId);
  const things = await thingsOf(pool, owner, { ...globex, memberId: owner.personId });
  return { ...things, transactionId: await postedLine(pool, globex.accountId, 2) };
}

/** Things of a person who has no part in anything. */
export async function strangersThings(pool: Pool): Promise<Things> {
  return personalThings(pool, await createPerson(pool, 'Sam Stranger'));
}

const STORE_INVITATION = `
  insert into auth.invitations (id, organization_id, email, role, inviter_id, secret_hash, created_at, sent_at, expires_at)
  values ($1, $2, $3, 'member', $4, $5, $6, $6, $7)`;

async function storeInvitation(
  pool: Pool,
  { organizationId, email, inviterId }: { organizationId: string; email: string; inviterId: string },
): Promise<{ id: string; secret: string }> {
  const id = uuidv7();
  const secret = createSecret('invitation');
  const values = [id, organizationId, email, inviterId, hashSecret(secret), ...nowAndLater()];
  await pool.query(STORE_INVITATION, values);
  return { id, secret };
}

/** An organization that has nothing to do with any other invites the person. */
async function storeReceived(pool: Pool, { email }: TestPerson): Promise<{ id: string; secret: string }> {
  const host = await createPerson(pool, 'Hanna Host');
  const { organizationId } = await createOrganization(pool, host.personId, 'Initech');
  return storeInvitation(pool, { organizationId, email, inviterId: host.personId });
}

const STORE_UNCONFIRMED = `
  insert into top_ups (id, account_id, mode, payer_id, amount, currency, trigger_seq, payment_method_id, state, reason, created_at)
  values ($1, $2, 'auto', $3, 20000000000, 'usd', 1, $4, 'not-completed', 'authentication', $5)
  on conflict do nothing`;
const PAUSE_RULE = `
  update auto_top_up_rules set state = 'suspended', suspension = 'authentication' where account_id = $1`;

/** On the personal account, where the rule waits for the bank's answer. */
async function storeUnconfirmed(pool: Pool, { personId, accountId }: TestPerson): Promise<string> {
  await storeRule(pool, accountId, personId);
  await pool.query(PAUSE_RULE, [accountId]);
  const id = uuidv7();
  await pool.query(STORE_UNCONFIRMED, [id, accountId, personId, cardOf(personId), new Date()]);
  return id;
}

const STORE_QUARANTINED = `
  insert into quarantined_payments (payment_intent_id, top_up_id, reason, amount_cents, currency, found_at)
  values ($1, $2, 'amount', 2400, 'usd', $3)`;

async function storeQuarantined(pool: Pool, topUpId: string): Promise<string> {
  const id = `pi_${uuidv7().replaceAll('-', '')}`;
  await pool.query(STORE_QUARANTINED, [id, topUpId, new Date()]);
  return id;
}

const STORE_SESSION = `
  insert into auth.sessions (id, person_id, token, expires_at, created_at, updated_at)
  values ($1::uuid, $2, $1::text, $4, $3, $3)`;

async function storeSession(pool: Pool, personId: string): Promise<string> {
  const id = uuidv7();
  await pool.query(STORE_SESSION, [id, personId, ...nowAndLater()]);
  return id;
}

async function storeToken(pool: Pool, organizationId: string, createdBy: string): Promise<string> {
  const [now, expiresAt] = nowAndLater();
  const kind = 'organization';
  const token = { kind, name: 'a program', organizationId, createdBy, expiresAt, now } as const;
  return (await createServiceToken(pool, token)).id;
}

function nowAndLater(): [Date, Date] {
  const now = new Date();
  return [now, new Date(now.getTime() + 3_600_000)];
}

const STORE_TOP_UP = `
  insert into top_ups (id, account_id, mode, payer_id, amount, currency, expires_at, created_at, next_check_at)
  values ($1, $2, 'manual', $3, 25000000000, 'usd', $5, $4, $5)`;

async function storeTopUp(pool: Pool, accountId: string, payerId: string): Promise<string> {
  const id = uuidv7();
  await pool.query(STORE_TOP_UP, [id, accountId, payerId, ...nowAndLater()]);
  return id;
}

/** The id of the saved card of whoever has a rule. */
export function cardOf(personId: string): string {
  return `pm_${personId.replaceAll('-', '')}`;
}

const STORE_CARD = `
  insert into payment_methods (id, person_id, customer_id, fingerprint, brand, last4, exp_month, exp_year,
    consented_at, consent_terms, created_at)
  values ($1, $2, $3, $1, 'visa', '4242', 12, 2040, $4, 'terms', $4) on conflict do nothing`;

async function storeCard(pool: Pool, personId: string, id: string): Promise<string> {
  await pool.query(STORE_CARD, [id, personId, `cus_${personId.replaceAll('-', '')}`, new Date()]);
  return id;
}

/** Sets a rule of auto top-up on a card of its sponsor, with a threshold at which nothing happens. */
export async function storeRule(pool: Pool, accountId: string, sponsorId: string): Promise<void> {
  await storeCard(pool, sponsorId, cardOf(sponsorId));
  await pool.query('select set_auto_top_up($1, $2, $3, 0, 20000000000, null, 100000000000, true, $4)', [
    accountId,
    sponsorId,
    cardOf(sponsorId),
    new Date(),
  ]);
}
