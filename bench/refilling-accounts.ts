// Accounts that refill themselves: organizations with a key, credit just above a threshold, and a rule on one card.
import { v7 as uuidv7 } from 'uuid';
import { SYSTEM } from '../ledger/acting.ts';
import type { Pool } from '../ledger/database.ts';
import { setChargeLimit } from '../ledger/deployment.ts';
import { postAsActor, saveCard, setRule, THRESHOLD_DOLLARS } from '../test/support/auto-top-up-rule.ts';
import { createKey, createOrganization, createPerson } from '../test/support/people.ts';

export interface RefillingAccount {
  readonly accountId: string;
  readonly apiKeyId: string;
}

/* The rule refills by $20 below $10. An event of $21 takes every balance from $10 to $31 below the threshold, and
   what refills it brings it back there, so the same event crosses again and again. */
export const THRESHOLD_NANOS = BigInt(THRESHOLD_DOLLARS) * 1_000_000_000n;
const START_NANOS = 30_000_000_000n;
/** How often one may cross within ten minutes: more often than a deployment would let it be charged. */
const MOST_CROSSINGS = 100_000;
const CROSSING_OUTPUT_TOKENS = 35_000_000;

/** The tokens of a usage event that crosses the threshold of a refilling account. */
export const crossingTokens = { inputTokens: 0, outputTokens: CROSSING_OUTPUT_TOKENS };

/** Makes `count` of them, each at $30 and posted. */
export async function createRefillingAccounts(
  pool: Pool,
  sandboxUrl: string,
  count: number,
): Promise<RefillingAccount[]> {
  const limit = { times: MOST_CROSSINGS, withinSeconds: 600, reason: 'the benchmark crosses often' };
  await setChargeLimit(pool, SYSTEM, limit, new Date());
  const sponsor = await createPerson(pool, 'Susan Sponsor');
  const paymentMethodId = await saveCard({ pool, sandboxUrl }, sponsor);
  const accounts: RefillingAccount[] = [];
  for (let made = 0; made < count; made += 1) {
    const { accountId } = await createOrganization(pool, sponsor.personId, 'Acme');
    const { apiKeyId } = await createKey(pool, { accountId, memberId: sponsor.personId });
    await pool.query("select store_command($1, $2, $3, 'grant', $4, '{}', $5)", [
      uuidv7(),
      accountId,
      `grant:${accountId}`,
      START_NANOS,
      new Date(),
    ]);
    await setRule(pool, { accountId, sponsorId: sponsor.personId, paymentMethodId });
    await postAsActor(pool, accountId);
    accounts.push({ accountId, apiKeyId });
  }
  return accounts;
}

const RESTLESS = `
  select 1 from top_ups where state in ('open', 'processing', 'unknown')
  union all
  select 1 from account_balances where pending <> 0 or pending_count > 0 or commands_waiting > 0 or rung_at is not null
  union all
  select 1 from auto_top_up_rules r join account_balances b using (account_id) where b.posted + b.pending < r.threshold
  limit 1`;

/** Waits until every top-up has ended and everything is posted; says whether it came to that in time. */
export async function untilCalm(pool: Pool, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline) {
    const { rows } = await pool.query(RESTLESS);
    if (rows.length === 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return false;
}

interface SeenCharge {
  readonly receivedAtMs: number;
  readonly metadata: { readonly accountId: string };
}

/** When the sandbox received each account's charge requests, oldest first. */
export async function chargesByAccount(sandboxUrl: string): Promise<Map<string, number[]>> {
  const response = await fetch(`${sandboxUrl}/_sandbox/charges?status=succeeded`);
  const { items }: { items: SeenCharge[] } = JSON.parse(await response.text());
  const received = new Map<string, number[]>();
  for (const { metadata, receivedAtMs } of items) {
    const times = received.get(metadata.accountId) ?? [];
    received.set(
      metadata.accountId,
      [...times, receivedAtMs].sort((a, b) => a - b),
    );
  }
  return received;
}
