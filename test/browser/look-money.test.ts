// Every state of a balance, a rule and a payment, brought about by real means and looked at: what happened, what helps, and who can act.
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { browserTests, type TestConsole } from '../support/browser.ts';
import { drain, spend, teamWithCredit } from '../support/console-acts.ts';
import { openTopUp, operate, pay, sandboxOf, send, setRule } from '../support/console-calls.ts';
import { stripeClient } from '../support/sandbox.ts';
import { look } from '../support/sights.ts';

const flow = browserTests();
const HOURS_S = 3_600;

const section = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const badge = (page: Page, text: string) =>
  page.getByRole('banner').getByText(text, { exact: true }).waitFor();

/** A window of somebody on the billing page of a team. */
async function billingOf(
  world: TestConsole,
  slug: string,
  person: { readonly personId: string },
): Promise<Page> {
  const { page } = await world.open(person);
  await page.goto(`/accounts/${slug}/billing`);
  return page;
}

/** The Stripe Customer of somebody who has one. */
async function customerOf({ coffer }: TestConsole, personId: string): Promise<string> {
  const { rows } = await coffer.pool.query<{ stripe_id: string }>(
    'select stripe_id from customers where person_id = $1',
    [personId],
  );
  return rows[0]?.stripe_id ?? '';
}

flow(
  'a balance that is low, topping up, overdrawn or frozen says what helps and who can act',
  async (world) => {
    const found: string[] = [];
    const { pool } = world.coffer;
    const low = await teamWithCredit(pool, 25);
    const terms = { threshold: '20.00', amount: '40.00', monthlyCap: '40.00' };
    await setRule(world, low.accountId, low.owner, terms);
    await drain(world, low.apiKeyIds[0] ?? '', 2_000);
    const owner = await billingOf(world, low.slug, low.owner);
    await section(owner, 'Top-ups').getByText('Olga Owner').waitFor();
    await drain(world, low.apiKeyIds[0] ?? '', 3_000);
    await badge(owner, 'Low');
    await section(owner, 'Auto top-up').getByText('nothing more until next month').waitFor();
    found.push(...(await look(owner, 'balance-low')));

    const filling = await teamWithCredit(pool, 25);
    await setRule(world, filling.accountId, filling.owner);
    const customer = await customerOf(world, filling.owner.personId);
    await sandboxOf(world)('next_outcome', { customer, outcome: 'processing', afterSeconds: HOURS_S });
    await spend(world, filling.apiKeyIds[0] ?? '', 1_500);
    const watcher = await billingOf(world, filling.slug, filling.member);
    await badge(watcher, 'Topping up');
    await section(watcher, 'Top-ups').getByText('Under way').waitFor();
    found.push(...(await look(watcher, 'balance-topping-up')));
    await spend(world, filling.apiKeyIds[0] ?? '', 1_500);
    await watcher.getByText('New requests may be refused').waitFor();
    found.push(...(await look(watcher, 'balance-topping-up-refused')));

    const spent = await teamWithCredit(pool, 5);
    await spend(world, spent.apiKeyIds[0] ?? '', 820);
    const member = await billingOf(world, spent.slug, spent.member);
    await badge(member, 'Overdrawn');
    await member.getByText('Switch auto top-up on').waitFor();
    found.push(...(await look(member, 'balance-overdrawn')));
    await member.getByRole('button', { name: /^Balance: minus 3 dollars and 20 cents/ }).click();
    await member.getByRole('dialog').waitFor();
    found.push(...(await look(member, 'balance-overdrawn-button')));

    const frozen = await teamWithCredit(pool, 40);
    await operate(world, frozen.accountId, 'freeze', { reason: 'A payment is disputed' });
    const admin = await billingOf(world, frozen.slug, frozen.admin);
    await badge(admin, 'Frozen');
    found.push(...(await look(admin, 'balance-frozen')));
    expect(found).toEqual([]);
  },
  180_000,
);

flow(
  'the return page shows the credit once it is there, and is honest while it is not',
  async (world) => {
    const found: string[] = [];
    const team = await teamWithCredit(world.coffer.pool, 20);
    await spend(world, team.apiKeyIds[0] ?? '', 1);
    const { page } = await world.open(team.member);
    const sandbox = sandboxOf(world);
    const open = () => openTopUp(world, team.accountId, team.member, '25.00');
    const says = (text: string) => page.getByRole('status').getByText(text).waitFor();

    const cancelled = await open();
    await page.goto(cancelled.checkoutUrl);
    await page.getByRole('link', { name: 'Cancel and go back' }).click();
    await says('$25.00 not paid');
    found.push(...(await look(page, 'return-cancelled')));
    await stripeClient(Number(new URL(world.coffer.sandboxUrl).port)).checkout.sessions.expire(
      /cs_test_\w+/.exec(cancelled.checkoutUrl)?.[0] ?? '',
    );
    await says('The payment was not completed');
    found.push(...(await look(page, 'return-expired')));

    await page.goto(await pay((await open()).checkoutUrl));
    await says('Added $25.00');
    found.push(...(await look(page, 'return-paid')));

    await sandbox('next_outcome', { outcome: 'processing', afterSeconds: HOURS_S });
    await page.goto(await pay((await open()).checkoutUrl));
    await says('Your payment of $25.00 is under way');
    found.push(...(await look(page, 'return-processing')));

    const unheard = await open();
    await sandbox('deliveries', { kind: 'hold' });
    const back = await pay(unheard.checkoutUrl);
    await sandbox('faults', { method: 'GET', kind: '500_unstored', times: null });
    await page.goto(back);
    await says('We are still asking');
    found.push(...(await look(page, 'return-still-asking')));
    await fetch(`${world.coffer.sandboxUrl}/_sandbox/faults`, { method: 'DELETE' });
    await sandbox('deliveries', { kind: 'release' });
    await says('Added $25.00');
    expect(found).toEqual([]);
  },
  180_000,
);

flow(
  'auto top-up is set up in sight: faults beside the fields, the preview, the consent, and what is charged at once',
  async (world) => {
    const found: string[] = [];
    const team = await teamWithCredit(world.coffer.pool, 20);
    const { page } = await world.open(team.owner);
    await page.goto(`/accounts/${team.slug}/billing?auto=true`);
    const form = page.getByRole('dialog', { name: 'Auto top-up' });
    await form.getByRole('button', { name: 'Continue' }).click();
    await form.getByText('Choose a card', { exact: false }).first().waitFor();
    found.push(...(await look(page, 'auto-top-up-faults')));
    await page.getByRole('button', { name: 'Close' }).click();
    await form.waitFor({ state: 'detached' });
    await setRule(world, team.accountId, team.owner, {
      threshold: '10.00',
      amount: '30.00',
      monthlyCap: '90.00',
    });
    await page.goto(`/accounts/${team.slug}/billing?auto=true`);
    await form.getByRole('textbox', { name: 'When the balance falls below' }).fill('25');
    await form.getByText('In the last 30 days').waitFor();
    found.push(...(await look(page, 'auto-top-up-preview')));
    await form.getByRole('button', { name: 'Continue' }).click();
    const check = page.getByRole('dialog', { name: 'Check and agree' });
    await check.getByText('$30.00 is charged at once').waitFor();
    await check.getByRole('button', { name: 'Agree and charge $30.00' }).click();
    await check.getByText('It needs your consent.').waitFor();
    found.push(...(await look(page, 'auto-top-up-consent')));
    expect(found).toEqual([]);
  },
  120_000,
);

flow(
  'a rule that is paused says why: to its sponsor what to do, to the others who can',
  async (world) => {
    const found: string[] = [];
    const { pool } = world.coffer;
    const sandbox = sandboxOf(world);

    const left = await teamWithCredit(pool, 25);
    await spend(world, left.apiKeyIds[0] ?? '', 1);
    await setRule(world, left.accountId, left.admin);
    const path = `/v1/organizations/${left.organizationId}/members/${left.admin.personId}`;
    await send(world, await world.tokenOf(left.owner), 'PATCH', path, { role: 'member' });
    const owner = await billingOf(world, left.slug, left.owner);
    await section(owner, 'Auto top-up').getByText('no longer an owner or admin').waitFor();
    found.push(...(await look(owner, 'rule-sponsor-left')));

    const refusals = [
      [
        'rule-card-declined',
        'pm_card_mastercard',
        { outcome: 'declined', code: 'card_declined', declineCode: 'lost_card' },
        'Choose another card',
      ],
      [
        'rule-bank-asks',
        'pm_card_amex',
        { outcome: 'declined', code: 'authentication_required', declineCode: 'authentication_required' },
        'Your bank wants you to confirm',
      ],
    ] as const;
    for (const [name, card, outcome, says] of refusals) {
      const team = await teamWithCredit(pool, 25);
      // what is known of a card that was declined holds for everybody who saves it
      await setRule(world, team.accountId, team.owner, undefined, card);
      await sandbox('next_outcome', { customer: await customerOf(world, team.owner.personId), ...outcome });
      await spend(world, team.apiKeyIds[0] ?? '', 1_500);
      const sponsor = await billingOf(world, team.slug, team.owner);
      await section(sponsor, 'Auto top-up').getByText(says).waitFor();
      await section(sponsor, 'Top-ups').getByText('Not completed').waitFor();
      found.push(...(await look(sponsor, name)));
      await section(sponsor, 'Top-ups').getByRole('button').first().click();
      await sponsor.getByRole('dialog', { name: 'Top-up' }).getByText('Your card was not charged').waitFor();
      found.push(...(await look(sponsor, `${name}-top-up`)));
      const other = await billingOf(world, team.slug, team.member);
      await section(other, 'Auto top-up').getByText('Paused').waitFor();
      found.push(...(await look(other, `${name}-for-others`)));
    }
    expect(found).toEqual([]);
  },
  180_000,
);
