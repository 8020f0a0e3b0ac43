// An organization closed while credit is on its way to it: what settles before is credited, what settles after is set aside.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postAsActor, saveCard, setRule } from '../support/auto-top-up-rule.ts';
import { createFundedTeam, type FundedTeam, startTestCoffer, type TestCoffer } from '../support/coffer.ts';
import { payPage, requestTopUp, tokenOf } from '../support/members.ts';
import { brokenMemberships } from '../support/membership.ts';
import { type Dice, rollDice, rounds, timeLimitMs, until } from '../support/soak.ts';
import { succeededCharges } from '../support/sponsor.ts';
import { eventOfCents, expectedCosts, postUsage } from '../support/traffic.ts';

const FEW = 2;
const MOST_DELAY_MS = 400;
/** What a page answers that ended with its organization. */
const ENDED = 410;
/** About how long it takes from usage that crosses the threshold to the credit. */
const MOST_CHARGE_DELAY_MS = 1_500;

let coffer: TestCoffer;
let dice: Dice;

beforeAll(async () => {
  coffer = await startTestCoffer({ worker: true, sandbox: true });
  dice = rollDice('closing');
});
afterAll(async () => {
  await coffer?.stop();
});

async function close(team: FundedTeam): Promise<number> {
  const { pool, url } = coffer;
  const { rows } = await pool.query<{ slug: string }>('select slug from auth.organizations where id = $1', [
    team.organizationId,
  ]);
  const response = await fetch(`${url}/v1/organizations/${team.organizationId}/close`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await tokenOf(coffer, team.owner.personId)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ confirm: rows[0]?.slug }),
  });
  await response.text();
  return response.status;
}

/** Where the money of every charge of an account went, once nothing of it moves any more. */
async function whereMoneyWent(accountId: string): Promise<string[]> {
  const { pool, sandboxUrl } = coffer;
  const ended = async (): Promise<boolean> => {
    const { rows } = await pool.query(
      `select 1 from top_ups where account_id = $1 and state in ('open', 'processing', 'unknown')`,
      [accountId],
    );
    return rows.length === 0;
  };
  await until('every top-up to end', ended);
  const charges = (await succeededCharges(sandboxUrl)).filter((charge) => charge.accountId === accountId);
  const found = async (): Promise<string[]> =>
    Promise.all(
      charges.map(async ({ paymentIntent }) => {
        const { rows } = await pool.query<{ place: string }>(
          `select 'credited' as place from ledger_commands where account_id = $2 and key = 'purchase:' || $1::text
           union all select 'set aside: ' || reason from quarantined_payments where payment_intent_id = $1`,
          [paymentIntent, accountId],
        );
        return rows.map(({ place }) => place).join(' and ');
      }),
    );
  await until('every charge to be settled', async () => (await found()).every((place) => place !== ''));
  return found();
}

test(
  'a page that is paid while the organization closes is credited before or set aside after, never both and never neither, until it ends',
  async () => {
    const places: string[] = [];
    for (let round = 0; round < rounds(FEW); round += 1) {
      const team = await createFundedTeam(coffer.pool, 1);
      const token = await tokenOf(coffer, team.member.personId);
      const topUp = await requestTopUp(coffer, {
        accountId: team.accountId,
        token,
        dollars: 25,
        key: randomUUID(),
      });
      expect(topUp.status).toBe(201);
      const [status, paying] = await Promise.all([
        sleep(dice.between(0, MOST_DELAY_MS)).then(() => close(team)),
        sleep(dice.between(0, MOST_DELAY_MS / 2)).then(() => payPage(topUp.checkoutUrl)),
      ]);
      expect(status).toBe(200);
      const [place = 'nobody paid', ...more] = await whereMoneyWent(team.accountId);
      expect(more).toEqual([]);
      expect(paying === ENDED ? ['nobody paid'] : ['credited', 'set aside: account-closed']).toContain(place);
      places.push(place);
      await coffer.posted();
      expect(await coffer.balance(team.accountId)).toBe(
        place === 'credited' ? 26_000_000_000n : 1_000_000_000n,
      );
    }
    const credited = places.filter((place) => place === 'credited').length;
    process.stderr.write(`closing: ${credited} of ${places.length} pages were credited before\n`);
    expect(await coffer.broken()).toEqual([]);
    expect(await brokenMemberships(coffer.pool)).toEqual([]);
  },
  timeLimitMs(FEW),
);

test(
  'an automatic charge under way while the organization closes is credited or set aside, and usage from before still posts',
  async () => {
    let charged = 0;
    for (let round = 0; round < rounds(FEW); round += 1) {
      const { pool, url, gatewayToken } = coffer;
      const team = await createFundedTeam(pool, 11);
      const paymentMethodId = await saveCard(coffer, team.owner);
      await setRule(pool, { accountId: team.accountId, sponsorId: team.owner.personId, paymentMethodId });
      await postAsActor(pool, team.accountId);
      const events = [eventOfCents(team.apiKeyIds[0] ?? '', 150)];
      const late = [eventOfCents(team.apiKeyIds[1] ?? '', 20)];
      await postUsage(url, gatewayToken, events);
      await sleep(dice.between(0, MOST_CHARGE_DELAY_MS));
      expect(await close(team)).toBe(200);
      const results = await postUsage(url, gatewayToken, late);
      expect(results?.map(({ status }) => status)).toEqual(['recorded']);
      const places = await whereMoneyWent(team.accountId);
      expect(places.length).toBeLessThanOrEqual(1);
      charged += places.length;
      await coffer.posted();
      const credit = places[0] === 'credited' ? 31_000_000_000n : 11_000_000_000n;
      expect(await coffer.balance(team.accountId)).toBe(credit - expectedCosts([...events, ...late]));
    }
    process.stderr.write(`closing: ${charged} of ${rounds(FEW)} cards were charged before\n`);
    expect(await coffer.broken()).toEqual([]);
    expect(await brokenMemberships(coffer.pool)).toEqual([]);
  },
  timeLimitMs(FEW),
);
