// Every page and dialog of the console, looked at: axe in both colour schemes, nothing cut off at 360 px, a picture of each, and markup in every name shown as text.
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { browserTests, type TestConsole } from '../support/browser.ts';
import { seedPlanted, seedStory, type TeamStory } from '../support/console-story.ts';
import { createPerson } from '../support/people.ts';
import { look, settled } from '../support/sights.ts';

const flow = browserTests();

interface Sight {
  readonly name: string;
  readonly path: string;
  /** Opens what lies over the page. */
  readonly open?: (page: Page) => Promise<unknown>;
  /** Who looks, if not the owner. */
  readonly by?: 'member';
}

const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();

/** Opens the menu of the first key, and in it one of its items. */
const keyAct = (item: string) => async (page: Page) => {
  await press(/^Actions of/)(page);
  await page.getByRole('menuitem', { name: item }).click();
  await page.getByRole('dialog').waitFor();
};

const firstOf = (list: string) => (page: Page) =>
  page
    .getByRole(list === 'Transactions' ? 'list' : 'region', { name: list })
    .getByRole('button')
    .first()
    .click();

/** The pages, in the words of their addresses. */
function pagesOf({ slug }: TeamStory): Sight[] {
  const account = `/accounts/${slug}`;
  return [
    { name: 'no-such-page', path: '/nowhere' },
    { name: 'not-yours', path: '/accounts/not-mine/billing' },
    { name: 'not-your-role', path: `${account}/audit`, by: 'member' },
    { name: 'billing', path: `${account}/billing` },
    { name: 'billing-of-a-member', path: `${account}/billing`, by: 'member' },
    { name: 'billing-personal', path: '/accounts/@me/billing' },
    { name: 'transactions', path: `${account}/transactions` },
    { name: 'transactions-filtered', path: `${account}/transactions?type=usage&model=atlas-mini` },
    { name: 'transactions-none-match', path: `${account}/transactions?model=nothing` },
    { name: 'transactions-empty', path: '/accounts/@me/transactions' },
    { name: 'statement', path: `${account}/statement` },
    { name: 'usage', path: `${account}/usage` },
    { name: 'usage-empty', path: '/accounts/@me/usage' },
    { name: 'new-organization', path: '/new-organization' },
    { name: 'keys', path: `${account}/keys` },
    { name: 'keys-empty', path: '/accounts/@me/keys' },
    { name: 'team', path: `${account}/team` },
    { name: 'team-of-a-member', path: `${account}/team`, by: 'member' },
    { name: 'audit', path: `${account}/audit` },
    { name: 'settings', path: '/settings' },
  ];
}

/** What lies over a page. */
function dialogsOf({ slug }: TeamStory): Sight[] {
  const account = `/accounts/${slug}`;
  return [
    { name: 'balance-button', path: `${account}/billing`, open: press(/^Balance: /) },
    { name: 'profile-menu', path: `${account}/billing`, open: press(/^Profile menu/) },
    { name: 'hint', path: `${account}/billing`, open: press(/^What does pending mean/) },
    { name: 'add-credit', path: `${account}/billing?add=true` },
    { name: 'auto-top-up', path: `${account}/billing?auto=true` },
    { name: 'switch-off', path: `${account}/billing`, open: press('Switch off') },
    { name: 'remove-card', path: `${account}/billing`, open: press(/^Remove Visa/) },
    { name: 'top-up', path: `${account}/billing`, open: firstOf('Top-ups') },
    { name: 'transaction', path: `${account}/transactions?type=usage`, open: firstOf('Transactions') },
    {
      name: 'transaction-top-up',
      path: `${account}/transactions?type=top-up`,
      open: firstOf('Transactions'),
    },
    { name: 'key-menu', path: `${account}/keys`, open: press(/^Actions of/) },
    { name: 'key-rename', path: `${account}/keys`, open: keyAct('Rename') },
    { name: 'key-rotate', path: `${account}/keys`, open: keyAct('Rotate') },
    { name: 'key-hand-over', path: `${account}/keys`, open: keyAct('Hand to another member') },
    { name: 'key-revoke', path: `${account}/keys`, open: keyAct('Revoke') },
    { name: 'new-key', path: `${account}/keys`, open: press('Make a key') },
    { name: 'invite', path: `${account}/team`, open: press('Invite somebody') },
    { name: 'remove-member', path: `${account}/team`, open: press(/^Remove /) },
    { name: 'leave', path: `${account}/team`, open: press('Leave') },
    { name: 'new-token', path: `${account}/team`, open: press('Make a token') },
    { name: 'close-organization', path: `${account}/team`, open: press('Close the organization') },
  ];
}

let told: Promise<TeamStory> | undefined;
const story = (world: TestConsole) => (told ??= seedStory(world));

async function show(page: Page, { path, open }: Sight): Promise<void> {
  await page.goto(path);
  await settled(page);
  if (open !== undefined) {
    await open(page);
    await page.locator('[role="dialog"], [role="menu"]').first().waitFor();
    await page.locator('[aria-label="Loading"]').first().waitFor({ state: 'detached' });
  }
}

for (const [what, sightsOf] of [
  ['page', pagesOf],
  ['dialog', dialogsOf],
] as const)
  flow(
    `axe finds nothing serious on any ${what} in either colour scheme, and none is cut off at 360 px`,
    async (world) => {
      const told = await story(world);
      const windows = { owner: await world.open(told.owner), member: await world.open(told.member) };
      const found: string[] = [];
      for (const sight of sightsOf(told)) {
        const { page } = windows[sight.by ?? 'owner'];
        await show(page, sight);
        found.push(...(await look(page, sight.name)));
      }
      expect(found).toEqual([]);
    },
    // a busy machine is slow, not wrong
    900_000,
  );

flow('who asks for less motion sees none', async (world) => {
  const { slug, owner } = await story(world);
  const { page } = await world.open(owner);
  await page.goto(`/accounts/${slug}/billing`);
  await page.getByRole('button', { name: '+ Add Credit to Balance' }).click();
  await page.getByRole('dialog', { name: 'Add credit' }).waitFor();
  const moving = await page.evaluate(
    `document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime > 10)
      .map(({ animationName, transitionProperty, effect }) => [animationName, transitionProperty, effect.target.className].join(' '))`,
  );
  expect(moving).toEqual([]);
});

flow('money is read out in words, also what lies below a cent and below zero', async (world) => {
  const { slug, owner } = await story(world);
  const { page } = await world.open(owner);
  await page.goto(`/accounts/${slug}/transactions?type=usage`);
  const first = page.getByRole('list', { name: 'Transactions' }).getByRole('button').first();
  await first.waitFor();
  expect(await first.ariaSnapshot()).toMatch(/minus \d+(\.\d+ dollars| dollars?( and \d+ cents?)?)/);
  await page.goto(`/accounts/${slug}/billing`);
  const balance = page.getByRole('button', { name: /^Balance: (minus )?\d+ dollars?( and \d+ cents?)?/ });
  await balance.waitFor();
});

/** What the planted names would make of a page. */
const MARKUP = 'img[src="x"], [onerror], #root script';

flow('names with markup are text wherever they are shown', async (world) => {
  const { slug, organizationId, owner, texts: planted } = await seedPlanted(world);
  const window = await world.open(owner);
  const { page } = window;
  await page.addInitScript({ content: 'window.alert = () => console.error("planted markup ran");' });
  const account = `/accounts/${slug}`;
  const places: readonly (readonly [string, readonly string[]])[] = [
    [`${account}/billing`, [planted.organization]],
    [`${account}/transactions`, [planted.model, planted.key, planted.person, planted.reason]],
    [`${account}/transactions?batchId=${encodeURIComponent(planted.batch)}`, [planted.model]],
    [`${account}/usage`, [planted.person, planted.key, planted.model]],
    [`${account}/keys`, [planted.key, planted.person]],
    [`${account}/team`, [planted.person, planted.token]],
    [`${account}/audit`, [planted.key, planted.token, planted.person]],
  ];
  for (const [path, texts] of places) {
    await page.goto(path);
    await settled(page);
    for (const text of texts) await page.getByText(text, { exact: false }).first().waitFor();
    expect(await page.locator(MARKUP).count()).toBe(0);
  }
  await page.goto(`${account}/transactions?batchId=${encodeURIComponent(planted.batch)}`);
  await page.getByRole('list', { name: 'Transactions' }).getByRole('button').first().click();
  await page.getByRole('dialog').getByText(planted.batch).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: /^Profile menu/ }).click();
  await page.getByRole('menuitem', { name: planted.organization }).waitFor();

  // whoever is invited by them, with or without an account
  const guest = await createPerson(world.coffer.pool, 'Gil Guest');
  const token = await world.tokenOf(owner);
  await fetch(`${world.url}/v1/organizations/${organizationId}/invitations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email: guest.email }),
  });
  const invited = await world.open(guest);
  for (const path of [new URL(await world.linkTo(guest.email, /invites you/)).pathname, '/settings']) {
    await invited.page.goto(path);
    for (const text of [planted.organization, planted.person])
      await invited.page.getByText(text, { exact: false }).first().waitFor();
    expect(await invited.page.locator(MARKUP).count()).toBe(0);
  }
});
