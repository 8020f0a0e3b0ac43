// The console by keyboard alone, and as it is heard: every flow that changes something, where the focus goes, and what is read out.
import { expect } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { browserTests, type TestConsole } from '../support/browser.ts';
import { arrowTo, balanceButton, drain, spend, tabTo, teamWithCredit } from '../support/console-acts.ts';
import { saveCard, topUp } from '../support/console-calls.ts';
import { authenticatorCode, PASSWORD, personWithPassword } from '../support/sign-in.ts';

const flow = browserTests();

const isFocused = (control: Locator) =>
  control.evaluate((element) => element === element.ownerDocument.activeElement);

/** Waits until a control has the focus. */
async function focused(control: Locator): Promise<void> {
  for (let look = 0; look < 50 && !(await isFocused(control)); look += 1)
    await control.page().waitForTimeout(50);
  expect(await isFocused(control)).toBe(true);
}

/** Goes to a control by Tab and presses a key on it. */
async function pressOn(page: Page, control: Locator, key = 'Enter'): Promise<void> {
  await control.waitFor();
  await tabTo(page, control);
  await page.keyboard.press(key);
}

/** Fills a text field that Tab leads to. */
async function typeInto(page: Page, field: Locator, text: string): Promise<void> {
  await field.waitFor();
  await tabTo(page, field);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

/** Chooses in a list that opens under a field. */
async function choose(page: Page, field: Locator, option: string): Promise<void> {
  await pressOn(page, field, 'ArrowDown');
  await page.getByRole('option', { name: option }).waitFor();
  for (let step = 0; step < 20; step += 1) {
    const active = await page.getByRole('option', { name: option }).getAttribute('data-combobox-selected');
    if (active === 'true') break;
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');
  await page.getByRole('option', { name: option }).waitFor({ state: 'hidden' });
}

const field = (within: Page | Locator, name: string) =>
  within.getByRole('combobox', { name }).or(within.getByRole('textbox', { name })).first();

async function arrive(
  world: TestConsole,
  person: { readonly personId: string },
  path: string,
): Promise<Page> {
  const { page } = await world.open(person);
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

flow(
  'the skip link leads past the menus, pages have titles of their own, and a change of page is read out',
  async (world) => {
    const team = await teamWithCredit(world.coffer.pool, 20);
    const page = await arrive(world, team.owner, `/accounts/${team.slug}/billing`);
    expect(await page.title()).toBe('Billing · Acme · Coffer');
    await page.keyboard.press('Tab');
    const skip = page.getByRole('link', { name: 'Skip to the page' });
    await focused(skip);
    expect((await skip.boundingBox())?.x).toBeGreaterThanOrEqual(0);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await focused(page.getByRole('button', { name: '+ Add Credit to Balance' }));

    const read = (text: string) =>
      page.getByRole('status').filter({ hasText: text }).waitFor({ state: 'attached' });
    for (const name of ['Transactions', 'Usage', 'API keys', 'Team', 'Audit']) {
      const link = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true });
      await link.press('Enter');
      await read(`${name} · Acme · Coffer`);
      expect(await page.title()).toBe(`${name} · Acme · Coffer`);
      await focused(link);
    }
    await page.goto('/accounts/not-mine/billing');
    await page.getByRole('heading', { name: 'You have no part in this organization' }).waitFor();
    expect(await page.title()).toBe('You have no part in this organization · Coffer');
    await page.getByRole('link', { name: 'Go to your balance' }).press('Enter');
    await read('Billing · ');
    await focused(page.getByRole('main'));
    const nobody = await world.open();
    await nobody.page.goto('/sign-in');
    await nobody.page.getByRole('heading', { level: 1 }).waitFor();
    expect(await nobody.page.title()).toBe('Sign in to Coffer · Coffer');
  },
);

flow('a change of the balance is read out politely and in words', async (world) => {
  const team = await teamWithCredit(world.coffer.pool, 20);
  const page = await arrive(world, team.owner, `/accounts/${team.slug}/usage`);
  await balanceButton(page, '20 dollars').waitFor();
  await topUp(world, team.accountId, team.member, '30.00');
  const read = (text: RegExp) =>
    page.getByRole('status').filter({ hasText: text }).waitFor({ state: 'attached' });
  await read(/^Balance: 50 dollars$/);
  await drain(world, team.apiKeyIds[0] ?? '', 5_320);
  await read(/^Balance: minus 3 dollars and 20 cents, overdrawn$/);
});

flow(
  'on a narrow screen the menu is out of reach until it is opened, and closes by Escape',
  async (world) => {
    const team = await teamWithCredit(world.coffer.pool, 20);
    const { page } = await world.open(team.owner, { viewport: { width: 360, height: 740 } });
    await page.goto(`/accounts/${team.slug}/billing`);
    const usage = page.getByRole('link', { name: 'Usage', exact: true });
    await page.getByRole('heading', { name: 'Billing' }).waitFor();
    expect(await usage.count()).toBe(0);
    await pressOn(page, page.getByRole('button', { name: 'Open the menu' }));
    await pressOn(page, usage);
    await page.getByRole('heading', { name: 'Usage' }).waitFor();
    await usage.waitFor({ state: 'detached' });
    await pressOn(page, page.getByRole('button', { name: 'Open the menu' }));
    await usage.waitFor();
    await page.keyboard.press('Escape');
    await focused(page.getByRole('button', { name: 'Open the menu' }));
  },
);

flow(
  'the context is switched in the profile menu, and auto top-up is set up through its consent',
  async (world) => {
    const team = await teamWithCredit(world.coffer.pool, 20);
    await saveCard(world, team.owner);
    const page = await arrive(world, team.owner, '/accounts/@me/billing');
    const menu = page.getByRole('button', { name: /^Profile menu/ });
    await pressOn(page, menu);
    await arrowTo(page, page.getByRole('menuitem', { name: 'Acme' }));
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Profile menu: Acme' }).waitFor();
    const setUp = page.getByRole('button', { name: 'Set up auto top-up' });
    await pressOn(page, setUp);
    const form = page.getByRole('dialog', { name: 'Auto top-up' });
    await focused(form.getByRole('textbox', { name: 'When the balance falls below' }));
    await page.keyboard.press('Escape');
    await form.waitFor({ state: 'detached' });
    await focused(setUp);
    await page.keyboard.press('Enter');
    await typeInto(page, form.getByRole('textbox', { name: 'When the balance falls below' }), '10');
    await typeInto(page, form.getByRole('textbox', { name: 'Amount' }), '30');
    await typeInto(page, form.getByRole('textbox', { name: 'At most per month' }), '90');
    await choose(page, field(form, 'Card'), 'Visa ending in 4242');
    await pressOn(page, form.getByRole('button', { name: 'Continue' }));
    const check = page.getByRole('dialog', { name: 'Check and agree' });
    await pressOn(page, check.getByRole('checkbox'), 'Space');
    await pressOn(page, check.getByRole('button', { name: 'Agree and switch on' }));
    await check.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'Auto top-up' }).getByText('On', { exact: true }).waitFor();
  },
);

flow('transactions are filtered and one is opened and closed, and the focus returns to it', async (world) => {
  const team = await teamWithCredit(world.coffer.pool, 20);
  for (const key of team.apiKeyIds) await spend(world, key, 3);
  const page = await arrive(world, team.owner, `/accounts/${team.slug}/transactions`);
  const lines = page.getByRole('list', { name: 'Transactions' }).getByRole('listitem');
  await lines.nth(3).waitFor();
  await choose(page, field(page.getByRole('search', { name: 'Filters' }), 'Member'), 'Max Member');
  await lines.nth(1).waitFor({ state: 'detached' });
  const line = lines.first().getByRole('button');
  await pressOn(page, line);
  const details = page.getByRole('dialog');
  await details.getByText('Max Member').waitFor();
  await page.keyboard.press('Escape');
  await details.waitFor({ state: 'detached' });
  await focused(line);
});

flow(
  'somebody is invited, a role is changed, a member is removed with their key handed on, a token is made',
  async (world) => {
    const team = await teamWithCredit(world.coffer.pool, 20);
    await spend(world, team.apiKeyIds[2] ?? '', 1);
    const page = await arrive(world, team.owner, `/accounts/${team.slug}/team`);
    const invite = page.getByRole('button', { name: 'Invite somebody' });
    await pressOn(page, invite);
    const form = page.getByRole('dialog', { name: 'Invite to Acme' });
    await focused(form.getByRole('textbox', { name: 'E-mail' }));
    await page.keyboard.type('gwen@example.com');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await form.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'Invitations' }).getByText('gwen@example.com').waitFor();
    await focused(invite);

    await choose(page, field(page, 'Role of Ada Admin'), 'Member');
    await page
      .getByRole('region', { name: 'Members' })
      .getByRole('row', { name: /Ada Admin/ })
      .waitFor();

    const remove = page.getByRole('button', { name: 'Remove Max Member' });
    await pressOn(page, remove);
    const dialog = page.getByRole('dialog', { name: 'Remove Max Member' });
    await choose(page, field(dialog, 'test key'), 'Hand to Ada Admin');
    await pressOn(page, dialog.getByRole('button', { name: 'Remove Max Member' }));
    await dialog.waitFor({ state: 'detached' });
    await remove.waitFor({ state: 'detached' });
    await spend(world, team.apiKeyIds[2] ?? '', 1);

    const make = page.getByRole('button', { name: 'Make a token' });
    await pressOn(page, make);
    await page.getByRole('dialog', { name: 'Make a token' }).waitFor();
    await page.keyboard.type('Monthly report');
    await page.keyboard.press('Enter');
    const made = page.getByRole('dialog', { name: /Monthly report/ });
    await pressOn(page, made.getByRole('button', { name: 'Done' }));
    await made.waitFor({ state: 'detached' });
    await focused(make);
  },
);

flow('an organization is closed', async (world) => {
  const team = await teamWithCredit(world.coffer.pool, 20);
  const page = await arrive(world, team.owner, `/accounts/${team.slug}/team`);
  const close = page.getByRole('button', { name: 'Close the organization' });
  await pressOn(page, close);
  const dialog = page.getByRole('dialog');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await focused(close);
  await page.keyboard.press('Enter');
  await typeInto(page, dialog.getByRole('textbox'), team.slug);
  await pressOn(page, dialog.getByRole('button', { name: 'Close for good' }));
  await page.waitForURL(/@me/);
  await page.getByRole('button', { name: 'Profile menu: Personal' }).waitFor();
});

flow('the second step is set up and asked for, and every session is ended', async (world) => {
  const email = 'keys-only@example.com';
  const page = await arrive(
    world,
    { personId: await personWithPassword(world.coffer.pool, email) },
    '/settings',
  );
  const section = page.getByRole('region', { name: 'Second step' });
  await typeInto(page, section.getByLabel('Password', { exact: true }), PASSWORD);
  await page.keyboard.press('Enter');
  await section.getByText('Or type this into it').waitFor();
  const [secret = ''] = await section.locator('code').allInnerTexts();
  const code = (inMs = 0) =>
    authenticatorCode(`otpauth://totp/Coffer?secret=${secret.trim()}`, Date.now() + inMs);
  await typeInto(page, section.getByRole('textbox', { name: /The code that the app shows/ }), code());
  await page.keyboard.press('Enter');
  await section.getByText('on', { exact: true }).waitFor();

  const other = await world.open();
  await other.page.goto('/sign-in');
  await focused(other.page.getByRole('textbox', { name: 'E-mail' }));
  await other.page.keyboard.type(email);
  await typeInto(other.page, other.page.getByLabel('Password', { exact: true }), PASSWORD);
  await other.page.keyboard.press('Enter');
  await focused(other.page.getByRole('textbox', { name: 'Six digits' }));
  await other.page.keyboard.type(code(30_000));
  await other.page.keyboard.press('Enter');
  await pressOn(other.page, other.page.getByRole('button', { name: /^Profile menu/ }));
  await arrowTo(other.page, other.page.getByRole('menuitem', { name: 'Settings' }));
  await other.page.keyboard.press('Enter');
  await pressOn(other.page, other.page.getByRole('button', { name: 'Sign out everywhere', exact: true }));
  await other.page.getByRole('heading', { name: 'Sign in to Coffer' }).waitFor();
  await page.getByRole('heading', { name: 'Sign in to Coffer' }).waitFor();
});

flow('every control that has the focus shows it', async (world) => {
  const team = await teamWithCredit(world.coffer.pool, 20);
  const page = await arrive(world, team.owner, `/accounts/${team.slug}/billing`);
  const dull: unknown[] = [];
  for (let step = 0; step < 30; step += 1) {
    await page.keyboard.press('Tab');
    dull.push(
      await page.evaluate(`(() => {
        const one = document.activeElement;
        if (one === null || one === document.body) return null;
        const of = (element) => { const { outlineStyle, outlineWidth, boxShadow, borderColor } = getComputedStyle(element); return [outlineStyle !== 'none' && outlineWidth, boxShadow, borderColor].join(); };
        const with_ = of(one) + (one.nextElementSibling ? of(one.nextElementSibling) : '');
        one.blur();
        const without = of(one) + (one.nextElementSibling ? of(one.nextElementSibling) : '');
        one.focus();
        return with_ === without ? one.outerHTML.slice(0, 120) : null;
      })()`),
    );
  }
  expect(dull.filter((one) => one !== null)).toEqual([]);
});
