// People in a real browser: signing up, in and out, second steps, forgotten passwords, invitations, and addresses that lead nowhere else.
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { browserTests, type TestConsole } from '../support/browser.ts';
import { balanceButton, teamWithCredit } from '../support/console-acts.ts';
import { authenticatorCode, PASSWORD, personWithPassword } from '../support/sign-in.ts';

const flow = browserTests();
const NEW_PASSWORD = 'entirely different words';

async function signInBy(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const profileMenu = (page: Page) => page.getByRole('button', { name: /^Profile menu/ });

/** What a script of the page could read and send away. */
function storedBy(page: Page): Promise<unknown> {
  return page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
}

let people = 0;
async function somebody({ coffer }: TestConsole): Promise<{ email: string; personId: string }> {
  people += 1;
  const email = `person-${people}@example.com`;
  return { email, personId: await personWithPassword(coffer.pool, email) };
}

flow('whoever is invited signs up on the way, follows the mail, joins, and is a member', async (world) => {
  const { coffer, open, linkTo } = world;
  const team = await teamWithCredit(coffer.pool, 20);
  const owner = await open(team.owner);
  await owner.page.goto(`/accounts/${team.slug}/team`);
  await owner.page.getByRole('button', { name: 'Invite' }).click();
  const form = owner.page.getByRole('dialog', { name: 'Invite to Acme' });
  await form.getByRole('textbox', { name: 'E-mail' }).fill('nina@example.com');
  await form.getByRole('radio', { name: 'Admin' }).check();
  await form.getByRole('button', { name: 'Send the invitation' }).click();
  await owner.page.getByRole('region', { name: 'Invitations' }).getByText('nina@example.com').waitFor();

  const { page } = await open();
  await page.goto(await linkTo('nina@example.com', /invites you/));
  await page.getByRole('heading', { name: 'Join Acme' }).waitFor();
  await page.getByRole('link', { name: 'Sign up' }).click();
  await page.getByRole('heading', { name: 'Sign up to Coffer' }).waitFor();
  expect(await page.getByRole('textbox', { name: 'E-mail' }).inputValue()).toBe('nina@example.com');
  await page.getByRole('textbox', { name: 'Name' }).fill('Nina New');
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByText('at least 8 characters', { exact: false }).first().waitFor();
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD);
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByRole('heading', { name: 'Check your mail' }).waitFor();
  await page.goto(await linkTo('nina@example.com', /Confirm your e-mail address/));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('button', { name: 'Join' }).click();
  await balanceButton(page, '20 dollars').waitFor();
  await page.getByRole('link', { name: 'Team' }).click();
  await page
    .getByRole('region', { name: 'Members' })
    .getByRole('row', { name: /Nina New \(you\)/ })
    .waitFor();
  await page.getByRole('button', { name: 'Invite' }).waitFor();

  await page.goto(await linkTo('nina@example.com', /invites you/));
  await page.getByText('It was accepted already.').waitFor();
});

flow('a forgotten password: the mailed link opens our own page, and works once', async (world) => {
  const { open, linkTo } = world;
  const { email } = await somebody(world);
  const { page } = await open();
  await page.goto('/sign-in');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByRole('heading', { name: 'Forgot your password?' }).waitFor();
  await page.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await page.getByRole('button', { name: 'Mail me a link' }).click();
  await page.getByRole('heading', { name: 'Check your mail' }).waitFor();
  const link = await linkTo(email, /Choose a new password/);
  // a scanner that follows links in mails changes nothing
  await fetch(link);
  await page.goto(link);
  await page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD);
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByRole('heading', { name: 'Your password is changed' }).waitFor();
  await page.goto(link);
  await page.getByLabel('New password', { exact: true }).fill('yet another one');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByRole('link', { name: 'Mail me another link' }).waitFor();

  await page.goto('/sign-in');
  await signInBy(page, email);
  await page.getByRole('alert').waitFor();
  expect(await page.getByRole('textbox', { name: 'E-mail' }).inputValue()).toBe(email);
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await profileMenu(page).waitFor();
});

flow('a link in a mail that works no more says so and how to get another', async ({ open }) => {
  const { page } = await open();
  await page.goto('/sign-in/confirm?token=x.y.z&callbackURL=%2Fsettings');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('heading', { name: 'This link works no more' }).waitFor();
  await page.getByRole('link', { name: 'Sign in' }).waitFor();
  await page.goto('/sign-in/new-password');
  await page.getByText('This link is not complete').waitFor();
  await page.getByRole('link', { name: 'Mail me a link' }).waitFor();
});

flow(
  'two steps: set up with an app, asked for at the next sign-in, a backup code works once',
  async (world) => {
    const { email, personId } = await somebody(world);
    const { page } = await world.open({ personId });
    await page.goto('/settings');
    const section = page.getByRole('region', { name: 'Second step' });
    await section.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await section.getByRole('button', { name: 'Set up' }).click();
    await section.getByText('Or type this into it').waitFor();
    const codes = await section.locator('code').allInnerTexts();
    const [secret = '', ...backup] = codes.map((code) => code.trim());
    const code = (inMs = 0) => authenticatorCode(`otpauth://totp/Coffer?secret=${secret}`, Date.now() + inMs);
    await section.getByRole('textbox', { name: /The code that the app shows/ }).fill('000000');
    await section.getByRole('button', { name: 'Switch on' }).click();
    await section.getByRole('alert').waitFor();
    await section.getByRole('textbox', { name: /The code that the app shows/ }).fill(code());
    await section.getByRole('button', { name: 'Switch on' }).click();
    await section.getByText('on', { exact: true }).waitFor();

    const other = await world.open();
    await other.page.goto('/sign-in');
    await signInBy(other.page, email);
    await other.page.getByRole('textbox', { name: 'Six digits' }).fill(code(30_000));
    await other.page.getByRole('button', { name: 'Continue' }).click();
    await profileMenu(other.page).waitFor();

    for (const works of [true, false]) {
      const third = await world.open();
      await third.page.goto('/sign-in');
      await signInBy(third.page, email);
      await third.page.getByRole('button', { name: 'Use a backup code' }).click();
      await third.page.getByRole('textbox', { name: 'Backup code' }).fill(backup[0] ?? '');
      await third.page.getByRole('button', { name: 'Continue' }).click();
      await (works ? profileMenu(third.page) : third.page.getByRole('alert')).waitFor();
    }
  },
);

flow('signing out everywhere ends the other window too, which leads back after signing in', async (world) => {
  const { email, personId } = await somebody(world);
  const here = await world.open({ personId });
  const there = await world.open({ personId });
  await there.page.goto('/accounts/@me/billing');
  await balanceButton(there.page, '0 dollars').waitFor();
  await here.page.goto('/settings');
  await here.page.getByRole('button', { name: 'Sign out everywhere', exact: true }).click();
  await here.page.getByRole('heading', { name: 'Sign in to Coffer' }).waitFor();
  await there.page.getByText('Your session has ended.').waitFor();
  await signInBy(there.page, email);
  await there.page.getByRole('heading', { name: 'Billing' }).waitFor();
  expect(new URL(there.page.url()).pathname).toBe('/accounts/@me/billing');
});

flow('whoever is signed out in the middle signs in again and is back where they were', async (world) => {
  const { email, personId } = await somebody(world);
  const { page, context } = await world.open({ personId });
  await page.goto('/accounts/@me/transactions?type=usage&model=some-model');
  await page.getByRole('heading', { name: 'Transactions' }).waitFor();
  await context.clearCookies();
  await page.reload();
  await signInBy(page, email);
  await page.getByRole('heading', { name: 'Transactions' }).waitFor();
  const { searchParams } = new URL(page.url());
  expect(Object.fromEntries(searchParams)).toEqual({ type: 'usage', model: 'some-model' });
});

flow('signing in leads to no other site, whatever the address asks for', async (world) => {
  const { email } = await somebody(world);
  for (const next of [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '/%5Cevil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
  ]) {
    const { page } = await world.open();
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await signInBy(page, email);
    await profileMenu(page)
      .or(page.getByRole('heading', { name: 'There is no such page' }))
      .first()
      .waitFor();
    expect(new URL(page.url()).origin).toBe(world.url);
    await page.context().close();
  }
});

flow('the return page goes nowhere else, and tells strangers nothing', async ({ open, url }) => {
  const window = await open();
  window.expectFaults(/^404 of GET .*\/billing\/return/);
  const { page } = window;
  for (const query of [
    'next=https://evil.example',
    'session_id=https://evil.example',
    'session_id=cs_test_x&redirect=//evil.example',
  ]) {
    await page.goto(`/billing/return?${query}`);
    await page.getByRole('heading', { name: 'Nothing to see here' }).waitFor();
    expect(new URL(page.url()).origin).toBe(url);
  }
});

flow('nothing that a script can read lets anybody in', async (world) => {
  const { email } = await somebody(world);
  const { page, context } = await world.open();
  await page.goto('/sign-in');
  await signInBy(page, email);
  await profileMenu(page).waitFor();
  const cookies = await context.cookies();
  const session = cookies.find(({ name }) => name.endsWith('session_token'));
  expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  const stored = String(await storedBy(page));
  expect(stored).not.toContain(decodeURIComponent(session?.value ?? '').split('.')[0]);
  expect(stored).not.toMatch(/token|secret|cof_/i);
});
