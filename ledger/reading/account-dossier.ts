// One account as an operator looks after it: owner, members, rule, the last decisions and what is under way.
import type { Pool } from '../database.ts';
import { type Nanos, nanosFromString } from '../money.ts';

export interface AccountDossier {
  /** Of a person's account their e-mail address, of an organization's its slug. */
  readonly email: string | null;
  readonly slug: string | null;
  readonly closedAt: Date | null;
  readonly members: readonly {
    readonly id: string;
    readonly name: string;
    readonly email: string;
    readonly role: string;
    readonly joinedAt: Date;
  }[];
  readonly rule: DossierRule | null;
  readonly decisions: readonly Decision[];
  readonly openTopUps: readonly OpenTopUp[];
}

/** The rule without its card, which is its sponsor's own affair. */
export interface DossierRule {
  readonly sponsor: { readonly id: string; readonly name: string };
  readonly threshold: Nanos;
  readonly amount: Nanos | null;
  readonly targetBalance: Nanos | null;
  readonly monthlyCap: Nanos;
  readonly state: 'enabled' | 'suspended';
  readonly suspension: string | null;
  readonly nextEvaluationAt: Date | null;
}

export interface Decision {
  readonly decidedAt: Date;
  readonly decision: string;
  readonly reason: string;
  readonly balance: Nanos;
  readonly threshold: Nanos;
  readonly amount: Nanos | null;
  readonly topUpId: string | null;
}

export interface OpenTopUp {
  readonly id: string;
  readonly mode: 'manual' | 'auto';
  readonly state: 'open' | 'processing' | 'unknown';
  readonly amount: Nanos;
  readonly payer: { readonly id: string; readonly name: string };
  readonly createdAt: Date;
  readonly attempt: number;
  readonly nextAttemptAt: Date | null;
  readonly paymentIntentId: string | null;
}

const OWNER = `
  select p.email, o.slug, o.closed_at from accounts a
  left join auth.people p on a.owner_type = 'person' and p.id = a.owner_id
  left join auth.organizations o on a.owner_type = 'organization' and o.id = a.owner_id
  where a.id = $1::uuid`;

const MEMBERS = `
  select p.id, p.name, p.email, m.role, m.created_at
  from accounts a join auth.members m on a.owner_type = 'organization' and m.organization_id = a.owner_id
  join auth.people p on p.id = m.person_id
  where a.id = $1::uuid
  order by array_position(array['owner', 'admin', 'member'], m.role), p.name, p.id limit 1000`;

const RULE = `
  select r.sponsor_id, p.name as sponsor_name, r.threshold, r.amount, r.target_balance, r.monthly_cap, r.state, r.suspension,
    r.next_evaluation_at
  from auto_top_up_rules r join auth.people p on p.id = r.sponsor_id where r.account_id = $1::uuid`;

const DECISIONS = `
  select decided_at, decision, reason, balance, threshold, amount, top_up_id from auto_top_up_evaluations
  where account_id = $1::uuid order by id desc limit 20`;

const OPEN_TOP_UPS = `
  select t.id, t.mode, t.state, t.amount, t.payer_id, p.name as payer_name, t.created_at, t.attempt, t.next_attempt_at,
    coalesce(t.payment_intent_id, (select x.payment_intent_id from top_up_attempts x
      where x.top_up_id = t.id order by x.attempt desc limit 1)) as payment_intent_id
  from top_ups t join auth.people p on p.id = t.payer_id
  where t.account_id = $1::uuid and t.state in ('open', 'processing', 'unknown') and t.next_check_at is not null
  order by t.id desc limit 100`;

interface OwnerRow {
  email: string | null;
  slug: string | null;
  closed_at: Date | null;
}

interface MemberRow {
  id: string;
  name: string;
  email: string;
  role: string;
  created_at: Date;
}

interface RuleRow {
  sponsor_id: string;
  sponsor_name: string;
  threshold: string;
  amount: string | null;
  target_balance: string | null;
  monthly_cap: string;
  state: DossierRule['state'];
  suspension: string | null;
  next_evaluation_at: Date | null;
}

interface DecisionRow {
  decided_at: Date;
  decision: string;
  reason: string;
  balance: string;
  threshold: string;
  amount: string | null;
  top_up_id: string | null;
}

interface OpenTopUpRow {
  id: string;
  mode: OpenTopUp['mode'];
  state: OpenTopUp['state'];
  amount: string;
  payer_id: string;
  payer_name: string;
  created_at: Date;
  attempt: number;
  next_attempt_at: Date | null;
  payment_intent_id: string | null;
}

/** What belongs to an account, for whoever looks after it; `undefined` when there is no such account. */
export async function readDossier(pool: Pool, accountId: string): Promise<AccountDossier | undefined> {
  const [owners, members, rules, decisions, topUps] = await Promise.all([
    pool.query<OwnerRow>(OWNER, [accountId]),
    pool.query<MemberRow>(MEMBERS, [accountId]),
    pool.query<RuleRow>(RULE, [accountId]),
    pool.query<DecisionRow>(DECISIONS, [accountId]),
    pool.query<OpenTopUpRow>(OPEN_TOP_UPS, [accountId]),
  ]);
  const owner = owners.rows[0];
  if (owner === undefined) return undefined;
  return {
    email: owner.email,
    slug: owner.slug,
    closedAt: owner.closed_at,
    members: members.rows.map(({ created_at, ...member }) => ({ ...member, joinedAt: created_at })),
    rule: rules.rows[0] ? ruleFrom(rules.rows[0]) : null,
    decisions: decisions.rows.map((row) => ({
      decidedAt: row.decided_at,
      decision: row.decision,
      reason: row.reason,
      balance: nanosFromString(row.balance),
      threshold: nanosFromString(row.threshold),
      amount: nanosOrNull(row.amount),
      topUpId: row.top_up_id,
    })),
    openTopUps: topUps.rows.map((row) => ({
      id: row.id,
      mode: row.mode,
      state: row.state,
      amount: nanosFromString(row.amount),
      payer: { id: row.payer_id, name: row.payer_name },
      createdAt: row.created_at,
      attempt: row.attempt,
      nextAttemptAt: row.next_attempt_at,
      paymentIntentId: row.payment_intent_id,
    })),
  };
}

function ruleFrom(row: RuleRow): DossierRule {
  return {
    sponsor: { id: row.sponsor_id, name: row.sponsor_name },
    threshold: nanosFromString(row.threshold),
    amount: nanosOrNull(row.amount),
    targetBalance: nanosOrNull(row.target_balance),
    monthlyCap: nanosFromString(row.monthly_cap),
    state: row.state,
    suspension: row.suspension,
    nextEvaluationAt: row.next_evaluation_at,
  };
}

function nanosOrNull(text: string | null): Nanos | null {
  return text === null ? null : nanosFromString(text);
}
