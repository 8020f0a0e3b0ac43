// Auto top-up for tests of the whole: waits for every episode to end, and checks what was charged and credited.
import { expect } from '@jest/globals';
import type { TestCoffer } from './coffer.ts';
import { until } from './soak.ts';

export interface Charge {
  readonly paymentIntent: string;
  readonly topUpId: string;
  readonly accountId: string;
}

/** Every succeeded charge at the sandbox. */
export async function succeededCharges(sandboxUrl: string): Promise<Charge[]> {
  const response = await fetch(`${sandboxUrl}/_sandbox/charges?status=succeeded`);
  const { items }: { items: { paymentIntent: string; metadata: Record<string, string> }[] } = JSON.parse(
    await response.text(),
  );
  return items.map(({ paymentIntent, metadata }) => ({
    paymentIntent,
    topUpId: metadata['topUpId'] ?? '',
    accountId: metadata['accountId'] ?? '',
  }));
}

/** Waits until every top-up is paid, or is left to a look-up, and everything is posted. */
export async function untilCalm(coffer: TestCoffer, leftUnknown = false, withinMs = 90_000): Promise<void> {
  const states = leftUnknown ? ['open', 'processing'] : ['open', 'processing', 'unknown'];
  let left: unknown[] = [];
  const isCalm = async (): Promise<boolean> => {
    const { rows } = await coffer.pool.query(
      `select t.id, t.state, t.reason, a.first_sent_at, a.last_sent_at, a.outcome, t.next_check_at
         from top_ups t left join top_up_attempts a on a.top_up_id = t.id where t.state = any ($1::text[])
       union all
       select r.account_id, r.decision, r.reason, null, null, null, b.rung_at
         from auto_top_up_rules r join account_balances b using (account_id)
         where b.posted + b.pending < r.threshold
           and not exists (select 1 from top_ups t where t.account_id = b.account_id and t.state = 'unknown')`,
      [states],
    );
    left = rows;
    return rows.length === 0;
  };
  await until('every top-up to end', isCalm, withinMs).catch((cause: unknown) => {
    throw new Error(`these top-ups do not come to an end: ${JSON.stringify(left, null, 1)}`, { cause });
  });
  await coffer.posted();
}

/** Expects that every episode was charged at most once, and every charge credited exactly once; returns the charges. */
export async function expectChargedOnce({ pool, sandboxUrl }: TestCoffer): Promise<Charge[]> {
  const charges = await succeededCharges(sandboxUrl);
  const topUpsCharged = charges.map(({ topUpId }) => topUpId);
  expect(topUpsCharged).toHaveLength(new Set(topUpsCharged).size);
  const { rows: episodes } = await pool.query(
    `select account_id, trigger_seq from top_ups where id = any ($1::uuid[])
     group by account_id, trigger_seq having count(*) > 1`,
    [topUpsCharged],
  );
  expect(episodes).toEqual([]);
  const { rows: credits } = await pool.query<{ key: string }>(
    `select c.key from entries e join ledger_commands c on c.id = e.command_id where e.type = 'top-up' order by c.key`,
  );
  expect(credits.map(({ key }) => key)).toEqual(
    charges.map(({ paymentIntent }) => `purchase:${paymentIntent}`).sort(),
  );
  return charges;
}
