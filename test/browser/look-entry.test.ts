// The ways in, looked at: signing up and in, second step, forgotten password, invitations for everybody they may reach, the first minutes, and a server that is away.
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { browserTests } from '../support/browser.ts';
import { spend, teamWithCredit } from '../support/console-acts.ts';
import { pay, post } from '../support/console-calls.ts';
import { createPerson } from '../support/people.ts';
import { look, settled } from '../support/sights.ts';
import { authenticatorCode, PASSWORD, personWithPassword } from '../support/sign-in.ts';

const flow = browserTests();

const fill = (page: Page, name: string, text: string) => page.getByLabel(name, { exact: true }).fill(text);
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const headed = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 }).waitFor();

flow(
  'signing up, the mail to check, signing in, and a forgotten password',
  async ({ coffer, open, linkTo }) => {
    const found: string[] = [];
    const { page } = await open();
    const see = async (name: string) => void found.push(...(await look(page, name)));
    await page.goto('/sign-in');
    await see('sign-in');
    await fill(page, 'E-mail', 'nina');
    await press(page, 'Sign in');
    await page.getByText('Enter your password.').waitFor();
    await see('sign-in-faults');
    await fill(page, 'E-mail', 'nobody@example.com');
    await fill(page, 'Password', 'not the password');
    await press(page, 'Sign in');
    await page.getByRole('alert').waitFor();
    await see('sign-in-refused');
    await page.goto('/sign-in?ended=true');
    await see('session-ended');
    await page.goto('/sign-up');
    await see('sign-up');
    await fill(page, 'Name', 'Nina New');
    await fill(page, 'E-mail', 'nina@example.com');
    await fill(page, 'Password', PASSWORD);
    await press(page, 'Sign up');
    await headed(page, 'Check your mail');
    await see('mail-sent');
    await page.goto(await linkTo('nina@example.com', /Confirm your e-mail address/));
    await see('confirm-address');
    await press(page, 'Confirm');
    await page.getByRole('button', { name: /^Profile menu/ }).waitFor();
    await page.goto('/sign-in/confirmed');
    await see('confirmed');
    await page.goto('/sign-in/confirm');
    await see('link-invalid');

    await personWithPassword(coffer.pool, 'forgetful@example.com');
    await page.goto('/forgot-password');
    await see('forgot-password');
    await fill(page, 'E-mail', 'forgetful@example.com');
    await press(page, 'Mail me a link');
    await headed(page, 'Check your mail');
    const link = await linkTo('forgetful@example.com', /Choose a new password/);
    await page.goto(link);
    await see('new-password');
    await fill(page, 'New password', 'entirely different words');
    await press(page, 'Change password');
    await headed(page, 'Your password is changed');
    await see('new-password-done');
    await page.goto(link);
    await fill(page, 'New password', 'yet another one');
    await press(page, 'Change password');
    await page.getByRole('alert').waitFor();
    await see('new-password-refused');
    expect(found).toEqual([]);
  },
  180_000,
);

flow(
  'the second step: set up in the settings, and asked for at the door',
  async ({ coffer, open }) => {
    const found: string[] = [];
    const email = 'careful@example.com';
    const { page } = await open({ personId: await personWithPassword(coffer.pool, email) });
    const see = async (name: string) => void found.push(...(await look(page, name)));
    await page.goto('/settings');
    const section = page.getByRole('region', { name: 'Second step' });
    await section.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await section.getByRole('button', { name: 'Set up' }).click();
    await section.getByText('Or type this into it').waitFor();
    await see('second-step-set-up');
    const [secret = ''] = await section.locator('code').allInnerTexts();
    const code = authenticatorCode(`otpauth://totp/Coffer?secret=${secret.trim()}`, Date.now());
    await section.getByRole('textbox', { name: /The code that the app shows/ }).fill(code);
    await section.getByRole('button', { name: 'Switch on' }).click();
    await section.getByText('on', { exact: true }).waitFor();
    await see('settings-second-step-on');

    const other = await open();
    await other.page.goto('/sign-in');
    await fill(other.page, 'E-mail', email);
    await fill(other.page, 'Password', PASSWORD);
    await press(other.page, 'Sign in');
    await headed(other.page, 'Second step');
    found.push(...(await look(other.page, 'second-step')));
    await press(other.page, 'Use a backup code');
    await fill(other.page, 'Backup code', 'wrong');
    await press(other.page, 'Continue');
    await other.page.getByRole('alert').waitFor();
    found.push(...(await look(other.page, 'second-step-refused')));
    expect(found).toEqual([]);
  },
  120_000,
);

flow(
  'an invitation, for who is signed out, for whom it is, for somebody else, and once it was used',
  async (world) => {
    const found: string[] = [];
    const { coffer, open } = world;
    const team = await teamWithCredit(coffer.pool, 20);
    const guest = await createPerson(coffer.pool, 'Gwen Guest');
    const token = await world.tokenOf(team.owner);
    await post(world, token, `/v1/organizations/${team.organizationId}/invitations`, {
      email: guest.email,
      role: 'admin',
    });
    const link = await world.linkTo(guest.email, /invites you/);
    const nobody = await open();
    await nobody.page.goto(link);
    found.push(...(await look(nobody.page, 'invitation-signed-out')));
    const other = await open(team.outsider);
    await other.page.goto(link);
    await other.page.getByText('is for another address').waitFor();
    found.push(...(await look(other.page, 'invitation-of-somebody-else')));
    const theirs = await open(guest);
    theirs.expectFaults(/^404 of GET .*\/invitations\/unknown/);
    const { page } = theirs;
    await page.goto('/accounts/@me/billing');
    await page.getByRole('button', { name: 'Join Acme' }).waitFor();
    found.push(...(await look(page, 'invitation-waiting')));
    await page.goto(link);
    found.push(...(await look(page, 'invitation')));
    await press(page, 'Join');
    await page.getByRole('button', { name: 'Profile menu: Acme' }).waitFor();
    await page.goto(link);
    found.push(...(await look(page, 'invitation-used')));
    await page.goto('/invitations/unknown');
    found.push(...(await look(page, 'invitation-invalid')));
    expect(found).toEqual([]);
  },
  120_000,
);

flow(
  'the first minutes: each step of the guide, the secret of a key, and the first request',
  async (world) => {
    const found: string[] = [];
    const { coffer } = world;
    const { page } = await world.open(await createPerson(coffer.pool, 'Nia New'));
    const see = async (name: string) => void found.push(...(await look(page, name)));
    await page.goto('/accounts/@me/billing');
    await page.getByRole('textbox', { name: 'Name', exact: true }).waitFor();
    await see('first-run');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Nimbus');
    await press(page, 'Make the organization');
    await page.getByRole('button', { name: 'Profile menu: Nimbus' }).waitFor();
    await see('first-run-key');
    await press(page, 'Make a key');
    const dialog = page.getByRole('dialog', { name: 'Make an API key' });
    await dialog.getByRole('textbox', { name: 'Name' }).fill('My first');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: /My first/ }).waitFor();
    await see('key-secret');
    await press(page, 'Done');
    await page.getByRole('link', { name: 'Add credit' }).waitFor();
    await see('first-run-credit');
    await page.getByRole('link', { name: 'Add credit' }).click();
    await press(page, 'Continue to payment');
    await page.getByRole('heading', { name: 'Pay', exact: true }).waitFor();
    await page.goto(await pay(page.url()));
    await page.getByText('Waiting for the first request').waitFor();
    await see('first-run-request');
    const { rows } = await coffer.pool.query<{ id: string }>(
      "select id from api_keys where name = 'My first'",
    );
    await spend(world, rows[0]?.id ?? '', 1);
    await page.getByRole('region', { name: 'Your first request' }).waitFor({ state: 'detached' });
    await see('first-run-over');

    const [slug] = /(?<=accounts\/)[^/]+/.exec(page.url()) ?? [];
    await page.goto(`/accounts/${slug}/team`);
    await press(page, 'Make a token');
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('Monthly report');
    await press(page, 'Make the token');
    await page.getByRole('dialog', { name: /Monthly report/ }).waitFor();
    await see('token-secret');
    await press(page, 'Done');
    await press(page, 'Close the organization');
    await see('close-organization-alone');
    expect(found).toEqual([]);
  },
  180_000,
);

flow(
  'a connection that is lost, a page that cannot be loaded, and a balance that is no longer mine',
  async (world) => {
    const found: string[] = [];
    const { coffer, open } = world;
    const team = await teamWithCredit(coffer.pool, 20);
    const member = await open(team.member);
    await member.page.goto(`/accounts/${team.slug}/billing`);
    const window = await open(team.owner);
    // what a server that is killed leaves unanswered
    for (const one of [window, member]) one.expectFaults(/Unreachable|^net::|preload assets/);
    // and what is asked about an organization that is closed
    member.expectFaults(/^404 of GET .*\/accounts\//);
    const { page } = window;
    await page.goto(`/accounts/${team.slug}/billing`);
    await settled(page);
    await coffer.api.kill();
    await page.getByRole('status').getByText('The connection was lost').waitFor();
    found.push(...(await look(page, 'connection-lost')));
    await page.getByRole('link', { name: 'Usage' }).click();
    await page.getByRole('button', { name: 'Try again' }).first().waitFor();
    found.push(...(await look(page, 'server-away')));
    await coffer.api.start();
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await headed(page, 'Usage');
    await page.goto(`/accounts/${team.slug}/team`);
    await press(page, 'Close the organization');
    await page.getByRole('dialog').getByRole('textbox').fill(team.slug);
    await press(page, 'Close for good');
    await page.waitForURL(/@me/);
    await headed(member.page, 'You have no part in this organization');
    found.push(...(await look(member.page, 'organization-closed')));
    expect(found).toEqual([]);
  },
  120_000,
);
