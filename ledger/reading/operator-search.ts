// What operators look for: organizations, people, keys, tokens, top-ups and accounts by whatever is known of them.
import { validate as isUuid } from 'uuid';
import type { Pool } from '../database.ts';

export const hitTypes = [
  'organization',
  'person',
  'api-key',
  'token',
  'top-up',
  'payment',
  'account',
] as const;

export interface SearchHit {
  readonly type: (typeof hitTypes)[number];
  readonly id: string;
  /** What it is called now; of a top-up its payer, of an account its owner. */
  readonly name: string | null;
  /** What else tells it apart: slug, e-mail, the beginning of a key, the state of a top-up. */
  readonly detail: string | null;
  /** The account it belongs to; of a person their personal account. */
  readonly accountId: string | null;
}

interface HitRow {
  type: SearchHit['type'];
  id: string;
  name: string | null;
  detail: string | null;
  account_id: string | null;
}

/** How many hits of one type are looked for. */
const MOST = 10;

const BY_ID = `
  select 'account' as type, a.id::text, coalesce(o.name, p.name) as name, b.state as detail, a.id as account_id
    from accounts a join account_balances b on b.account_id = a.id
    left join auth.organizations o on a.owner_type = 'organization' and o.id = a.owner_id
    left join auth.people p on a.owner_type = 'person' and p.id = a.owner_id
    where a.id = $1::uuid
  union all
  select 'organization', o.id::text, o.name, o.slug, a.id from auth.organizations o
    join accounts a on a.owner_type = 'organization' and a.owner_id = o.id where o.id = $1::uuid
  union all
  select 'person', p.id::text, p.name, p.email, a.id from auth.people p
    join accounts a on a.owner_type = 'person' and a.owner_id = p.id where p.id = $1::uuid
  union all
  select 'api-key', k.id::text, k.name, k.prefix, k.account_id from api_keys k where k.id = $1::uuid
  union all
  select 'token', t.id::text, t.name, t.prefix, a.id from service_tokens t
    join accounts a on a.owner_type = 'organization' and a.owner_id = t.organization_id where t.id = $1::uuid
  union all
  select 'top-up', t.id::text, p.name, t.state, t.account_id from top_ups t join auth.people p on p.id = t.payer_id
    where t.id = $1::uuid`;

const BY_KEY_PREFIX = `
  select distinct 'api-key' as type, k.id::text, k.name, k.prefix as detail, k.account_id
  from (select api_key_id from api_key_secrets where prefix like $1::text || '%' order by prefix using ~<~ limit $2::int4) s
  join api_keys k on k.id = s.api_key_id`;

// tokens of gateways and operators belong to no account
const BY_TOKEN_PREFIX = `
  select 'token' as type, t.id::text, t.name, t.prefix as detail, a.id as account_id
  from (
    select id, name, prefix, organization_id from service_tokens
    where prefix like $1::text || '%' and organization_id is not null order by prefix using ~<~ limit $2::int4
  ) t
  join accounts a on a.owner_type = 'organization' and a.owner_id = t.organization_id`;

const BY_PAYMENT = `
  select 'top-up' as type, t.id::text, p.name, t.state as detail, t.account_id
    from top_ups t join auth.people p on p.id = t.payer_id
    where t.payment_intent_id = $1::text or t.checkout_session_id = $1::text
      or t.id = (select top_up_id from top_up_attempts where payment_intent_id = $1::text)
      or t.id = (select top_up_id from quarantined_payments where payment_intent_id = $1::text)
  union all
  select 'payment', q.payment_intent_id, null, coalesce(q.resolution, q.reason), t.account_id
    from quarantined_payments q left join top_ups t on t.id = q.top_up_id
    where q.payment_intent_id = $1::text
  union all
  select 'person', p.id::text, p.name, p.email, a.id from card_setups s join auth.people p on p.id = s.person_id
    join accounts a on a.owner_type = 'person' and a.owner_id = p.id where s.session_id = $1::text
  union all
  select 'person', p.id::text, p.name, p.email, a.id from customers c join auth.people p on p.id = c.person_id
    join accounts a on a.owner_type = 'person' and a.owner_id = p.id where c.stripe_id = $1::text`;

// Each part is read by its own index and ends at its limit. Words stand in `with … materialized`, which is planned as if
// all were wanted and read only as far as they are: a limit alone makes the planner read whole tables for rare words.
const BY_WORDS = `
  with organizations_by_words as materialized (
    select id from auth.organizations where to_tsvector('simple', name) @@ to_tsquery('simple', $2::text)
  ), people_by_words as materialized (
    select id from auth.people where to_tsvector('simple', name) @@ to_tsquery('simple', $2::text)
  )
  select type, id, name, detail, account_id from (
    select 1 as place, 'organization' as type, o.id::text, o.name, o.slug as detail, a.id as account_id
      from (
        (select id from auth.organizations where slug like $1::text || '%' order by slug using ~<~ limit $3::int4)
        union
        (select id from organizations_by_words limit $3::int4)
      ) found
      join auth.organizations o on o.id = found.id
      join accounts a on a.owner_type = 'organization' and a.owner_id = o.id
    union all
    select 2, 'person', p.id::text, p.name, p.email, a.id
      from (
        (select id from auth.people where email like $1::text || '%' order by email using ~<~ limit $3::int4)
        union
        (select id from people_by_words limit $3::int4)
      ) found
      join auth.people p on p.id = found.id
      join accounts a on a.owner_type = 'person' and a.owner_id = p.id
  ) hits
  order by place, name, id`;

/**
 * What `text` stands for, at most some twenty hits: an id of ours, the beginning of an API key
 * or of an organization's token, a payment's id at Stripe
 * (`pi_…`, `cs_…`, `cus_…`), or the beginning of an organization's slug, of an e-mail address, or of words of a name.
 * Every way is an index; nothing reads a table as a whole.
 */
export async function searchAsOperator(pool: Pool, text: string): Promise<SearchHit[]> {
  const rows = await rowsFor(pool, text);
  return rows.map(({ account_id, ...row }) => ({ ...row, accountId: account_id }));
}

async function rowsFor(pool: Pool, text: string): Promise<HitRow[]> {
  if (isUuid(text)) return read(pool, BY_ID, [text]);
  if (/^cof_[a-z]+_/.test(text)) {
    const start = /^cof_[a-z]+_.{0,6}/.exec(text)?.[0] ?? text;
    const isToken = start.startsWith('cof_organization_');
    return read(pool, isToken ? BY_TOKEN_PREFIX : BY_KEY_PREFIX, [likePattern(start), MOST]);
  }
  if (/^(pi|cs|cus)_/.test(text)) return read(pool, BY_PAYMENT, [text]);
  return read(pool, BY_WORDS, [likePattern(text.toLowerCase()), wordsPattern(text), MOST]);
}

async function read(pool: Pool, statement: string, values: readonly unknown[]): Promise<HitRow[]> {
  const { rows } = await pool.query<HitRow>(statement, [...values]);
  return rows;
}

function likePattern(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&');
}

/** Every word as the beginning of one. */
function wordsPattern(text: string): string {
  return text
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map((word) => `'${word}':*`)
    .join(' & ');
}
