// Accounts as people read them: one read of the balance row, with the owner's name and what auto top-up is at.
import type { Pool } from '../database.ts';
import { type Nanos, nanos, nanosFromString } from '../money.ts';

/** What an account is at, in one word: the most pressing that is true. */
export const accountStates = ['closed', 'frozen', 'topping_up', 'overdrawn', 'low', 'ok'] as const;

export type AccountState = (typeof accountStates)[number];

/** Whether an account has a rule of auto top-up, and whether it works at the moment. */
export const autoTopUpStandings = ['off', 'enabled', 'paused'] as const;

export type AutoTopUpStanding = (typeof autoTopUpStandings)[number];

export interface AccountReading {
  readonly id: string;
  readonly owner: {
    readonly type: 'organization' | 'person';
    readonly id: string;
    readonly name: string | null;
  };
  readonly currency: string;
  /** posted + pending: exact at every moment. */
  readonly balance: Nanos;
  readonly posted: Nanos;
  readonly pending: Nanos;
  readonly held: Nanos;
  /** balance − open holds. */
  readonly available: Nanos;
  readonly state: AccountState;
  readonly autoTopUp: AutoTopUpStanding;
  /** The seq of the newest entry. */
  readonly seq: bigint;
}

export const ACCOUNT_IDS_OF_PERSON = `
  select a.id from accounts a
  where a.owner_type = 'person' and a.owner_id = $1::uuid and a.id > $2::uuid
  union all
  select a.id from auth.members m
  join accounts a on a.owner_type = 'organization' and a.owner_id = m.organization_id
  where m.person_id = $1::uuid and a.id > $2::uuid
  order by id limit $3::int4`;

export const ACCOUNT_IDS = `
  select id from accounts where id > $1::uuid order by id limit $2::int4`;

export const READ_ACCOUNTS = `
  select a.id, a.owner_type, a.owner_id, coalesce(o.name, p.name) as owner_name, a.currency,
    b.posted, b.pending, b.held, b.state, b.open_seq, s.top_up_in_flight, s.threshold,
    case when s.threshold is null then 'off' when s.decision = 'suspended' then 'paused' else 'enabled' end as auto_top_up
  from accounts a
  join account_balances b on b.account_id = a.id
  left join auth.organizations o on a.owner_type = 'organization' and o.id = a.owner_id
  left join auth.people p on a.owner_type = 'person' and p.id = a.owner_id
  left join lateral auto_top_up_standing(a.id) s on true
  where a.id = any ($1::uuid[])
  order by a.id`;

interface AccountRow {
  id: string;
  owner_type: 'organization' | 'person';
  owner_id: string;
  owner_name: string | null;
  currency: string;
  posted: string;
  pending: string;
  held: string;
  state: 'open' | 'frozen' | 'closed';
  open_seq: string;
  top_up_in_flight: string | null;
  threshold: string | null;
  auto_top_up: AutoTopUpStanding;
}

const ACCOUNT_IDS_OF_ORGANIZATION = `
  select id from accounts
  where owner_type = 'organization' and owner_id = $1::uuid and id > $2::uuid
  order by id limit $3::int4`;

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/** The ids of accounts that a person may see, oldest first, after `after`. */
export async function accountIdsOfPerson(
  pool: Pool,
  personId: string,
  page: { after: string | undefined; limit: number },
): Promise<string[]> {
  const values = [personId, page.after ?? BEFORE_ALL, page.limit];
  const { rows } = await pool.query<{ id: string }>(ACCOUNT_IDS_OF_PERSON, values);
  return rows.map(({ id }) => id);
}

/** The id of the account of an organization, if it lies after `after`. */
export async function accountIdsOfOrganization(
  pool: Pool,
  organizationId: string,
  page: { after: string | undefined; limit: number },
): Promise<string[]> {
  const values = [organizationId, page.after ?? BEFORE_ALL, page.limit];
  const { rows } = await pool.query<{ id: string }>(ACCOUNT_IDS_OF_ORGANIZATION, values);
  return rows.map(({ id }) => id);
}

/** The ids of all accounts, oldest first, after `after`. */
export async function accountIds(
  pool: Pool,
  page: { after: string | undefined; limit: number },
): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(ACCOUNT_IDS, [page.after ?? BEFORE_ALL, page.limit]);
  return rows.map(({ id }) => id);
}

/** The accounts of these ids, oldest first; ids of none are left out. */
export async function readAccounts(pool: Pool, ids: readonly string[]): Promise<AccountReading[]> {
  const { rows } = await pool.query<AccountRow>({
    name: 'read-accounts',
    text: READ_ACCOUNTS,
    values: [ids],
  });
  return rows.map(fromRow);
}

function fromRow(row: AccountRow): AccountReading {
  const posted = nanosFromString(row.posted);
  const pending = nanosFromString(row.pending);
  const held = nanosFromString(row.held);
  const balance = nanos(posted + pending);
  return {
    id: row.id,
    owner: { type: row.owner_type, id: row.owner_id, name: row.owner_name },
    currency: row.currency,
    balance,
    posted,
    pending,
    held,
    available: nanos(balance - held),
    state: accountState({
      state: row.state,
      balance,
      topUpInFlight: row.top_up_in_flight !== null,
      threshold: row.threshold === null ? undefined : nanosFromString(row.threshold),
    }),
    autoTopUp: row.auto_top_up,
    seq: BigInt(row.open_seq) - 1n,
  };
}

/** The one word for what an account is at. */
export function accountState(account: {
  state: 'open' | 'frozen' | 'closed';
  balance: Nanos;
  topUpInFlight: boolean;
  threshold: Nanos | undefined;
}): AccountState {
  if (account.state !== 'open') return account.state;
  if (account.topUpInFlight) return 'topping_up';
  if (account.balance < 0n) return 'overdrawn';
  if (account.threshold !== undefined && account.balance < account.threshold) return 'low';
  return 'ok';
}
