// Adding credit in a real browser: by the reference flow, under the eyes of others, with cards that do not simply pay, and never twice.
import { expect } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { browserTests, type TestConsole } from '../support/browser.ts';
import {
  arrowTo,
  balanceButton,
  chooseCard,
  goToPayment,
  openAddCredit,
  spend,
  tabTo,
  teamWithCredit,
} from '../support/console-acts.ts';

const flow = browserTests();

async function topUpsOf({ coffer }: TestConsole, accountId: string): Promise<string[]> {
  const { rows } = await coffer.pool.query<{ state: string }>(
    'select state from top_ups where account_id = $1 order by id',
    [accountId],
  );
  return rows.map(({ state }) => state);
}

async function chargesOf({ coffer }: TestConsole, accountId: string): Promise<number> {
  const query = new URLSearchParams({ status: 'succeeded', accountId });
  const response = await fetch(`${coffer.sandboxUrl}/_sandbox/charges?${query}`);
  const { items }: { items: unknown[] } = await response.json().then(Object);
  return items.length;
}

/** A top-up as Billing lists it. */
function topUps(page: Page, text: RegExp): Locator {
  return page.getByRole('region', { name: 'Top-ups' }).getByRole('listitem').filter({ hasText: text });
}

flow(
  'organization in the profile menu, Balance, + Add Credit to Balance, amount, pay: the balance moved by exactly that',
  async ({ coffer, open }) => {
    const team = await teamWithCredit(coffer.pool, 20);
    const { page } = await open(team.member);
    await page.goto('/accounts/@me/billing');
    await balanceButton(page, '0 dollars').waitFor();
    await page.getByRole('button', { name: 'Profile menu: Personal' }).click();
    await page.getByRole('menuitem', { name: 'Acme' }).click();
    await goToPayment(page, '20 dollars', '37.50');
    await page.getByText('$37.50').first().waitFor();
    await chooseCard(page, /^Visa, pays/);
    await balanceButton(page, '57 dollars and 50 cents').waitFor();
    await page.getByRole('status').getByText('Added $37.50').waitFor();
    expect(new URL(page.url()).pathname).toBe(`/accounts/${team.slug}/billing`);
    expect(await coffer.balance(team.accountId)).toBe(57_500_000_000n);
    await topUps(page, /Max Member.*37 dollars and 50 cents/s).waitFor();
  },
);

flow(
  'Billing in the profile menu leads there too, and the keyboard alone goes the whole way',
  async (world) => {
    const { coffer, open } = world;
    const team = await teamWithCredit(coffer.pool, 20);
    const { page } = await open(team.member);
    await page.goto('/accounts/@me/billing');
    const menu = page.getByRole('button', { name: /^Profile menu/ });
    await menu.waitFor();
    await tabTo(page, menu);
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Acme' }).waitFor();
    await arrowTo(page, page.getByRole('menuitem', { name: 'Acme' }));
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Profile menu: Acme' }).waitFor();
    await tabTo(page, balanceButton(page, '20 dollars'));
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('dialog').getByRole('link', { name: '+ Add Credit to Balance' }));
    await page.keyboard.press('Enter');
    const amount = page.getByRole('textbox', { name: 'Amount' });
    await amount.waitFor();
    await tabTo(page, amount);
    await page.keyboard.press('Control+A');
    await page.keyboard.type('12.34');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Pay', exact: true }).waitFor();
    await tabTo(page, page.getByRole('button', { name: /^Visa, pays/ }));
    await page.keyboard.press('Enter');
    await balanceButton(page, '32 dollars and 34 cents').waitFor();
    expect(await coffer.balance(team.accountId)).toBe(32_340_000_000n);

    await tabTo(page, page.getByRole('button', { name: /^Profile menu/ }));
    await page.keyboard.press('Enter');
    await arrowTo(page, page.getByRole('menuitem', { name: 'Billing' }));
    await page.keyboard.press('Escape');
    await page.getByRole('menuitem', { name: 'Billing' }).waitFor({ state: 'detached' });
  },
);

flow(
  'a member pays with their own card: another member sees the new balance at once, and nothing of the card',
  async ({ coffer, open }) => {
    const team = await teamWithCredit(coffer.pool, 20);
    const payer = await open(team.member);
    const watcher = await open(team.owner);
    await watcher.page.goto(`/accounts/${team.slug}/billing`);
    await balanceButton(watcher.page, '20 dollars').waitFor();
    await payer.page.goto(`/accounts/${team.slug}/billing`);
    await goToPayment(payer.page, '20 dollars', '50');
    await chooseCard(payer.page, /^American Express, pays/);
    await balanceButton(watcher.page, '70 dollars').waitFor();
    await topUps(watcher.page, /Max Member.*50 dollars/s).waitFor();
    await balanceButton(payer.page, '70 dollars').waitFor();
    await watcher.page.goto(`/accounts/${team.slug}/transactions`);
    await watcher.page.getByRole('list', { name: 'Transactions' }).getByText('Max Member').waitFor();
    const seen = `${await watcher.told()}\n${await watcher.page.content()}`;
    expect(seen).toContain('Max Member');
    for (const secret of [
      /\bamex\b/i,
      /american express/i,
      /0005/,
      /\bpm_\w/,
      /\bpi_\w/,
      /\bcs_\w/,
      /\bcus_\w/,
      /\/c\/pay\//,
    ])
      expect(seen).not.toMatch(secret);
  },
);

flow('a declined card takes nothing; going back says so, and the balance stands', async (world) => {
  const team = await teamWithCredit(world.coffer.pool, 20);
  const { page } = await world.open(team.member);
  await page.goto(`/accounts/${team.slug}/billing`);
  await goToPayment(page, '20 dollars', '25');
  await chooseCard(page, /^Insufficient funds/);
  await page.getByRole('alert').waitFor();
  await page.getByRole('link', { name: 'Cancel and go back' }).click();
  await page.getByRole('status').getByText('$25.00 not paid').waitFor();
  await balanceButton(page, '20 dollars').waitFor();
  expect(await chargesOf(world, team.accountId)).toBe(0);
});

flow('3-D Secure: failed, it can be tried again; done, the credit is there', async ({ coffer, open }) => {
  const team = await teamWithCredit(coffer.pool, 20);
  const { page } = await open(team.member);
  await page.goto(`/accounts/${team.slug}/billing`);
  await goToPayment(page, '20 dollars', '25');
  await chooseCard(page, /^Visa, always asks for 3D Secure/);
  await page.getByRole('button', { name: 'Fail authentication' }).click();
  await page.getByRole('alert').waitFor();
  await chooseCard(page, /^Visa, always asks for 3D Secure/);
  await page.getByRole('button', { name: 'Complete authentication' }).click();
  await balanceButton(page, '45 dollars').waitFor();
  expect(await coffer.balance(team.accountId)).toBe(45_000_000_000n);
});

flow('a double click is one top-up, and back buttons never pay twice', async (world) => {
  const team = await teamWithCredit(world.coffer.pool, 20);
  const { page } = await world.open(team.member);
  await page.goto(`/accounts/${team.slug}/billing`);
  const form = await openAddCredit(page, '20 dollars');
  await form.getByRole('textbox', { name: 'Amount' }).fill('25');
  await form.getByRole('button', { name: 'Continue to payment' }).dblclick();
  await page.getByRole('heading', { name: 'Pay', exact: true }).waitFor();
  expect(await topUpsOf(world, team.accountId)).toEqual(['open']);
  await page.getByRole('button', { name: /^Visa, pays/ }).dblclick();
  await balanceButton(page, '45 dollars').waitFor();
  for (let back = 0; back < 3; back += 1) {
    await page.goBack();
    const again = page.getByRole('button', { name: /^Visa, pays/ });
    if (await again.isVisible()) {
      await again.click();
      await balanceButton(page, '45 dollars').waitFor();
    }
  }
  expect(await chargesOf(world, team.accountId)).toBe(1);
  expect(await topUpsOf(world, team.accountId)).toEqual(['paid']);
  expect(await world.coffer.balance(team.accountId)).toBe(45_000_000_000n);
});

flow(
  'what was typed stays: beside a fault, over a reload, and while the server is away',
  async ({ coffer, open }) => {
    const team = await teamWithCredit(coffer.pool, 20);
    const window = await open(team.member);
    const { page } = window;
    await page.goto(`/accounts/${team.slug}/billing`);
    const form = await openAddCredit(page, '20 dollars');
    const amount = form.getByRole('textbox', { name: 'Amount' });
    const send = form.getByRole('button', { name: /Continue to payment|Try again/ });
    for (const [typed, fault] of [
      ['', 'Enter an amount.'],
      ['ten', 'Enter an amount in dollars'],
      ['1.234', 'at most two decimals'],
      ['1', 'The least is $5.'],
      ['9000', 'The most is $2,000.'],
    ] as const) {
      await amount.fill(typed);
      await send.click();
      await form.getByText(fault).waitFor();
      expect(await amount.inputValue()).toBe(typed);
    }
    await amount.fill('41.50');
    await page.reload();
    await amount.waitFor();
    expect(await amount.inputValue()).toBe('41.50');
    await coffer.api.kill();
    await send.click();
    await form.getByRole('alert').getByText('Coffer cannot be reached').waitFor();
    expect(await amount.inputValue()).toBe('41.50');
    await coffer.api.start();
    await send.click();
    await page.getByRole('heading', { name: 'Pay', exact: true }).waitFor();
    await page.getByText('$41.50').first().waitFor();
  },
);

flow(
  'auto top-up: an owner switches it on with their card, usage drains the balance, and it refills before their eyes',
  async (world) => {
    const { coffer, open } = world;
    const team = await teamWithCredit(coffer.pool, 20);
    const [ownersKey = ''] = team.apiKeyIds;
    const { page } = await open(team.owner);
    await page.goto(`/accounts/${team.slug}/billing`);
    await page.getByRole('button', { name: 'Set up auto top-up' }).click();
    const form = page.getByRole('dialog', { name: 'Auto top-up' });
    await form.getByRole('textbox', { name: 'When the balance falls below' }).fill('10');
    await form.getByRole('textbox', { name: 'Amount' }).fill('30');
    await form.getByRole('textbox', { name: 'At most per month' }).fill('100');
    await form.getByRole('button', { name: 'Save a new card' }).click();
    await page.getByRole('heading', { name: 'Save a card' }).waitFor();
    await chooseCard(page, /^Visa, pays/);
    await form.waitFor();
    expect(await form.getByRole('textbox', { name: 'When the balance falls below' }).inputValue()).toBe('10');
    await form.getByRole('button', { name: 'Continue' }).click();
    const check = page.getByRole('dialog', { name: 'Check and agree' });
    const agree = check.getByRole('button', { name: 'Agree and switch on' });
    await agree.click();
    await check.getByText('It needs your consent.').waitFor();
    await check.getByRole('checkbox').check();
    await agree.click();
    await page.getByRole('region', { name: 'Auto top-up' }).getByText('On', { exact: true }).waitFor();
    await spend(world, ownersKey, 1_500);
    // 20 − 15 + 30: the cost is rounded to the nano, so the balance is a hair below
    await balanceButton(page, '34 dollars and 99 cents|35 dollars').waitFor();
    await topUps(page, /Olga Owner.*Auto top-up.*30 dollars/s).waitFor();
    expect(await chargesOf(world, team.accountId)).toBe(1);
  },
);

flow(
  'a member finds no auto top-up switch, and may not set it by the address either',
  async ({ coffer, open }) => {
    const team = await teamWithCredit(coffer.pool, 20);
    const { page } = await open(team.member);
    await page.goto(`/accounts/${team.slug}/billing?auto=true`);
    const section = page.getByRole('region', { name: 'Auto top-up' });
    await section.getByText('Off', { exact: true }).waitFor();
    await section.getByText('can switch it on').waitFor();
    expect(await section.getByRole('button').count()).toBe(0);
    expect(await page.getByRole('dialog').count()).toBe(0);
    const answer = await page.evaluate(
      `fetch('/v1/accounts/${team.accountId}/auto-top-up', { method: 'PUT', headers: { 'content-type': 'application/json' },
      body: '{"threshold":"10.00","amount":"20.00","monthlyCap":"100.00"}' }).then(({ status }) => status)`,
    );
    expect(answer).toBe(403);
  },
);
