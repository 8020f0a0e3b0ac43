// Every page and dialog of the console, looked at: axe in both colour schemes, nothing cut off at 360 px, a picture of each, and markup in every name shown as text.
import { mkdirSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { browserTests, RESULTS, type TestConsole } from '../support/browser.ts';
import { type Story, seedPlanted, seedStory } from '../support/console-story.ts';
import { createPerson } from '../support/people.ts';

const flow = browserTests();
const PICTURES = `${RESULTS}/screenshots`;
const NARROW = { width: 360, height: 740 };
const WIDE = { width: 1280, height: 860 };

interface Sight {
  readonly name: string;
  readonly path: string;
  /** Opens what lies over the page. */
  readonly open?: (page: Page) => Promise<unknown>;
  /** Who looks, if not the owner: somebody who is not signed in, or new here. */
  readonly by?: 'nobody' | 'newcomer';
}

const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();

/** What there is to see, in the words of its addresses. */
function sightsOf({ slug }: Story, invitation: string): Sight[] {
  const account = `/accounts/${slug}`;
  return [
    { name: 'sign-in', path: '/sign-in', by: 'nobody' },
    { name: 'sign-up', path: '/sign-up', by: 'nobody' },
    { name: 'forgot-password', path: '/forgot-password', by: 'nobody' },
    { name: 'new-password', path: '/sign-in/new-password?token=x', by: 'nobody' },
    { name: 'confirm-address', path: '/sign-in/confirm?token=x', by: 'nobody' },
    { name: 'confirmed', path: '/sign-in/confirmed', by: 'nobody' },
    { name: 'invitation-invalid', path: '/invitations/unknown', by: 'nobody' },
    { name: 'invitation', path: invitation, by: 'nobody' },
    { name: 'first-run', path: '/accounts/@me/billing', by: 'newcomer' },
    { name: 'no-such-page', path: '/nowhere' },
    { name: 'not-yours', path: '/accounts/not-mine/billing' },
    { name: 'billing', path: `${account}/billing` },
    { name: 'billing-personal', path: '/accounts/@me/billing' },
    { name: 'balance-button', path: `${account}/billing`, open: press(/^Balance: /) },
    { name: 'profile-menu', path: `${account}/billing`, open: press(/^Profile menu/) },
    { name: 'add-credit', path: `${account}/billing?add=true` },
    { name: 'auto-top-up', path: `${account}/billing?auto=true` },
    { name: 'transactions', path: `${account}/transactions` },
    {
      name: 'transaction',
      path: `${account}/transactions`,
      open: (page) => page.getByRole('listitem').first().getByRole('button').click(),
    },
    { name: 'transactions-empty', path: '/accounts/@me/transactions' },
    { name: 'statement', path: `${account}/statement` },
    { name: 'usage', path: `${account}/usage` },
    { name: 'new-organization', path: '/new-organization' },
    { name: 'keys', path: `${account}/keys` },
    { name: 'key-menu', path: `${account}/keys`, open: press(/^Actions of/) },
    { name: 'new-key', path: `${account}/keys`, open: press('Make a key') },
    { name: 'team', path: `${account}/team` },
    { name: 'invite', path: `${account}/team`, open: press('Invite somebody') },
    { name: 'remove-member', path: `${account}/team`, open: press(/^Remove /) },
    { name: 'new-token', path: `${account}/team`, open: press('Make a token') },
    { name: 'audit', path: `${account}/audit` },
    { name: 'settings', path: '/settings' },
  ];
}

let told: Promise<Story> | undefined;
const story = (world: TestConsole) => (told ??= seedStory(world));

/** Until nothing of the page is on its way any more. */
async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.locator('[aria-busy="true"], [aria-label="Loading"]').first().waitFor({ state: 'detached' });
  await page.evaluate('document.fonts.ready.then(() => undefined)');
}

async function show(page: Page, { path, open }: Sight): Promise<void> {
  await page.goto(path);
  await settled(page);
  if (open !== undefined) {
    await open(page);
    await page.locator('[role="dialog"], [role="menu"]').first().waitFor();
    await page.locator('[aria-label="Loading"]').first().waitFor({ state: 'detached' });
  }
}

/** What axe finds that keeps somebody out, a line each. */
async function faultsOf(page: Page, rules?: string[]): Promise<string[]> {
  const builder = new AxeBuilder({ page }).setLegacyMode();
  const { violations } = await (rules === undefined ? builder : builder.withRules(rules)).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`));
}

/** The whole page; what lies over one, and the endless history, as far as the window goes. */
async function picture(page: Page, name: string): Promise<void> {
  const isWindowful = name.startsWith('transaction') || (await page.locator('[role="dialog"]').count()) > 0;
  const path = `${PICTURES}/${name}.png`;
  await page.screenshot({ path, fullPage: !isWindowful, animations: 'disabled' });
}

/** What of the page, or of its header, reaches beyond the window: undefined once everything has found its place. */
const BEYOND = `(() => {
  const width = document.documentElement.clientWidth;
  const places = document.documentElement.scrollWidth > width ? 'body *' : 'header button';
  return [...document.querySelectorAll(places)].find((one) => one.getBoundingClientRect().right > width + 1)?.outerHTML.slice(0, 200);
})()`;

async function cutOff(page: Page): Promise<string[]> {
  let found: unknown;
  for (let look = 0; look < 20; look += 1) {
    found = await page.evaluate(BEYOND);
    if (found === undefined) return [];
    await page.waitForTimeout(100);
  }
  return [String(found)];
}

flow(
  'axe finds nothing serious on any page or dialog in either colour scheme, and none is cut off at 360 px',
  async (world) => {
    mkdirSync(PICTURES, { recursive: true });
    const told = await story(world);
    const invitation = new URL(await world.linkTo('tom@example.com', /invites you/)).pathname;
    const windows = {
      owner: await world.open(told.owner),
      nobody: await world.open(),
      newcomer: await world.open(await createPerson(world.coffer.pool, 'Nia New')),
    };
    // what lies behind a link that is none is asked for, and the page says so
    windows.nobody.expectFaults(/^404 of GET .*\/v1\/invitations\/unknown/);
    const found: string[] = [];
    for (const sight of sightsOf(told, invitation)) {
      const { page } = windows[sight.by ?? 'owner'];
      await show(page, sight);
      const light = await faultsOf(page);
      await picture(page, `${sight.name}-light`);
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      const dark = await faultsOf(page, ['color-contrast', 'link-in-text-block']);
      await picture(page, `${sight.name}-dark`);
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize(NARROW);
      const beyond = await cutOff(page);
      await picture(page, `${sight.name}-narrow`);
      await page.setViewportSize(WIDE);
      found.push(
        ...light.map((fault) => `${sight.name}, light: ${fault}`),
        ...dark.map((fault) => `${sight.name}, dark: ${fault}`),
        ...beyond.map((element) => `${sight.name} at ${NARROW.width} px: ${element}`),
      );
    }
    expect(found).toEqual([]);
  },
  300_000,
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
