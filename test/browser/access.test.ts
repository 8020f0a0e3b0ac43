// Who may do what in a real browser: every right has its control and no more is offered, and a window shows only what its person may see.
import { expect } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { answerTo } from '../../dev/access/callers.ts';
import { operationsOf } from '../../dev/access/operations.ts';
import { browserTests, type TestConsole } from '../support/browser.ts';
import { balanceButton, spend, teamWithCredit } from '../support/console-acts.ts';
import { seedStory, type TeamStory } from '../support/console-story.ts';
import { PASSWORD, personWithPassword } from '../support/sign-in.ts';

const flow = browserTests();

type Find = (page: Page) => Locator;
const button =
  (name: string | RegExp): Find =>
  (page) =>
    page.getByRole('button', { name });
const region =
  (name: string): Find =>
  (page) =>
    page.getByRole('region', { name });
const inKeyMenu =
  (name: string): Find =>
  (page) =>
    page.getByRole('menuitem', { name });

const ORGANIZATION = '/v1/organizations/{organizationId}';
const ACCOUNT = '/v1/accounts/{accountId}';

/** Page → route → the control by which somebody uses it there. Reading what everybody may read is on every page. */
const CONTROLS: Readonly<Record<string, Readonly<Record<string, Find>>>> = {
  team: {
    [`PATCH ${ORGANIZATION}`]: button('Rename'),
    [`POST ${ORGANIZATION}/leave`]: button('Leave'),
    [`POST ${ORGANIZATION}/close`]: button('Close the organization'),
    [`PATCH ${ORGANIZATION}/members/{memberId}`]: (page) => page.getByLabel(/^Role of /),
    [`DELETE ${ORGANIZATION}/members/{memberId}`]: button(/^Remove /),
    [`GET ${ORGANIZATION}/invitations`]: region('Invitations'),
    [`POST ${ORGANIZATION}/invitations`]: button('Invite somebody'),
    [`POST ${ORGANIZATION}/invitations/{invitationId}/resend`]: button('Send again to tom@example.com'),
    [`DELETE ${ORGANIZATION}/invitations/{invitationId}`]: button('Take back from tom@example.com'),
    [`GET ${ORGANIZATION}/tokens`]: region('Tokens for programs'),
    [`POST ${ORGANIZATION}/tokens`]: button('Make a token'),
    [`DELETE ${ORGANIZATION}/tokens/{tokenId}`]: button('Revoke Monthly report'),
    [`GET ${ACCOUNT}/audit`]: (page) => page.getByRole('link', { name: 'Audit' }),
  },
  keys: {
    [`POST ${ACCOUNT}/api-keys`]: button('Make a key'),
    [`PATCH ${ACCOUNT}/api-keys/{apiKeyId}`]: inKeyMenu('Rename'),
    [`DELETE ${ACCOUNT}/api-keys/{apiKeyId}`]: inKeyMenu('Revoke'),
    [`POST ${ACCOUNT}/api-keys/{apiKeyId}/rotate`]: inKeyMenu('Rotate'),
    [`POST ${ACCOUNT}/api-keys/{apiKeyId}/hand-over`]: inKeyMenu('Hand to another member'),
  },
  billing: {
    [`POST ${ACCOUNT}/top-ups`]: button('+ Add Credit to Balance'),
    [`PUT ${ACCOUNT}/auto-top-up`]: button('Change'),
    [`DELETE ${ACCOUNT}/auto-top-up`]: button('Switch off'),
  },
  // opened by its address, whoever looks
  'billing?auto=true': {
    [`POST ${ACCOUNT}/auto-top-up/simulation`]: (page) =>
      page.getByRole('dialog').getByRole('heading', { name: /auto top-up/i }),
  },
};

/** Route → whether somebody finds its control, of those that stand in the table; waits for what they `may` do. */
async function offeredTo(page: Page, slug: string, may: ReadonlySet<string>): Promise<Map<string, boolean>> {
  const offered = new Map<string, boolean>();
  for (const [path, controls] of Object.entries(CONTROLS)) {
    await page.goto(`/accounts/${slug}/${path}`);
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    if (path === 'keys') await page.getByRole('button', { name: 'Actions of Notebook' }).click();
    const shown = (find: Find) => find(page).filter({ visible: true });
    for (const [route, find] of Object.entries(controls))
      if (may.has(route)) await shown(find).first().waitFor();
    await page.locator('[aria-label="Loading"]').first().waitFor({ state: 'detached' });
    for (const [route, find] of Object.entries(controls)) offered.set(route, (await shown(find).count()) > 0);
  }
  return offered;
}

let told: Promise<TeamStory> | undefined;
const story = (world: TestConsole) => (told ??= seedStory(world));

flow(
  'every right of the access matrix has its control in the console, and what a role may not do is not offered',
  async (world) => {
    const team = await story(world);
    const operations = operationsOf(await (await fetch(`${world.url}/openapi.json`)).json()).filter(
      ({ access, method }) => access.caller === 'account' && (method !== 'GET' || access.right !== 'read'),
    );
    for (const role of ['owner', 'admin', 'member'] as const) {
      const routes = operations
        .filter(({ access }) => answerTo(access, role) === 'yes')
        .map(({ method, path }) => `${method} ${path}`);
      const { page } = await world.open(team[role]);
      const offered = await offeredTo(page, team.slug, new Set(routes));
      const found = [...offered].filter(([, isOffered]) => isOffered).map(([route]) => route);
      // a key by itself is read with the list of keys
      const expected = routes.filter((route) => !/^GET .*api-keys/.test(route));
      expect([role, found.toSorted()]).toEqual([role, expected.toSorted()]);
    }
  },
  120_000,
);

flow(
  'an admin is offered nothing that only owners may do to owners, and members see their own keys alone',
  async (world) => {
    const team = await story(world);
    const token = await world.tokenOf(team.owner);
    await fetch(`${world.url}/v1/organizations/${team.organizationId}/invitations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'boss@example.com', role: 'owner' }),
    });
    const { page } = await world.open(team.admin);
    await page.goto(`/accounts/${team.slug}/team`);
    await page.getByRole('row', { name: /boss@example.com/ }).waitFor();
    await page.getByRole('button', { name: 'Remove Ines Tal' }).waitFor();
    for (const name of [
      'Remove Mara Quill',
      'Send again to boss@example.com',
      'Take back from boss@example.com',
    ])
      expect([name, await page.getByRole('button', { name }).count()]).toEqual([name, 0]);
    expect(await page.getByLabel('Role of Mara Quill').count()).toBe(0);
    await page.getByRole('button', { name: 'Invite somebody' }).click();
    const form = page.getByRole('dialog', { name: 'Invite to Lumen' });
    await form.getByRole('radio', { name: 'Admin' }).waitFor();
    expect(await form.getByRole('radio', { name: 'Owner' }).count()).toBe(0);

    const member = await world.open(team.member);
    await member.page.goto(`/accounts/${team.slug}/keys`);
    await member.page.getByRole('row', { name: /Notebook/ }).waitFor();
    expect(await member.page.getByText(/Support assistant|Nightly summaries/).count()).toBe(0);
    await member.page.goto(`/accounts/${team.slug}/audit`);
    await member.page.getByRole('heading', { name: 'This page is for owners and admins' }).waitFor();
    await member.page.goto(`/accounts/${team.slug}/billing?auto=true`);
    await member.page.getByRole('region', { name: 'Auto top-up' }).getByText('Mara Quill').first().waitFor();
    expect(await member.page.getByRole('dialog').count()).toBe(0);
  },
);

/** Keeps what a page shows from now on. */
const WATCH = `window.shown = document.body.innerText;
  new MutationObserver(() => { window.shown += document.body.innerText; })
    .observe(document.body, { subtree: true, childList: true, characterData: true });`;

flow('after an ended session neither Back nor the page itself shows what was read in it', async (world) => {
  const team = await story(world);
  const { page, context } = await world.open(team.member);
  await page.goto(`/accounts/${team.slug}/billing`);
  await page.getByRole('button', { name: /^Balance: / }).waitFor();
  await page.getByRole('link', { name: 'Transactions' }).click();
  await page.getByRole('list', { name: 'Transactions' }).waitFor();
  const cookies = (await context.cookies()).map(({ name, value }) => `${name}=${value}`);
  await fetch(`${world.url}/v1/me/sessions`, {
    method: 'DELETE',
    headers: { cookie: cookies.join('; '), origin: world.url },
  });
  await page.getByText('Your session has ended.').waitFor();
  await page.evaluate(WATCH);
  await page.goBack();
  await page.waitForURL(/\/sign-in/);
  await page.getByRole('heading', { name: 'Sign in to Coffer' }).waitFor();
  expect(await page.evaluate('window.shown')).not.toMatch(/\$\d|Lumen/);
});

flow(
  'who signs in beside another person’s window takes it over, and nobody reads what the other has read',
  async (world) => {
    const team = await story(world);
    const { page: first, context } = await world.open(team.owner);
    await first.goto(`/accounts/${team.slug}/billing`);
    await first.getByRole('button', { name: /^Balance: / }).waitFor();
    const email = 'beside@example.com';
    await personWithPassword(world.coffer.pool, email);
    const second = await context.newPage();
    await second.goto('/sign-in');
    await second.getByRole('textbox', { name: 'E-mail' }).fill(email);
    await second.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await second.getByRole('button', { name: 'Sign in' }).click();
    for (const page of [second, first]) {
      await page.getByRole('button', { name: 'Profile menu: Personal' }).waitFor();
      expect(new URL(page.url()).pathname).toBe('/accounts/@me/billing');
      expect(await page.locator('body').textContent()).not.toContain('Lumen');
    }
    await second.getByRole('button', { name: /^Profile menu/ }).click();
    await second.getByRole('menuitem', { name: 'Sign out' }).click();
    for (const page of [second, first])
      await page.getByRole('heading', { name: 'Sign in to Coffer' }).waitFor();
  },
);

flow('the secret of a key is nowhere in the browser once its dialog is closed', async (world) => {
  const team = await story(world);
  const { page, context } = await world.open(team.member);
  await page.goto(`/accounts/${team.slug}/keys`);
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Short-lived');
  await page.getByRole('button', { name: 'Make the key' }).click();
  const dialog = page.getByRole('dialog', { name: 'The key "Short-lived"' });
  const secret = ((await dialog.locator('pre').textContent()) ?? '').trim();
  expect(secret).toMatch(/^cof_test_/);
  const holds = async () => {
    const protocol = await context.newCDPSession(page);
    let heap = '';
    protocol.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
      heap += chunk;
    });
    await protocol.send('HeapProfiler.collectGarbage');
    await protocol.send('HeapProfiler.takeHeapSnapshot', {});
    await protocol.detach();
    const kept = await page.evaluate(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, location.href, document.title])',
    );
    return [heap, String(kept), await page.content()].map((text) => text.includes(secret));
  };
  expect(await holds()).toEqual([true, false, true]);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('row', { name: /Short-lived/ }).waitFor();
  expect(await holds()).toEqual([false, false, false]);
});

flow(
  'ten windows of one browser are all live, over the six connections that it opens to a site',
  async (world) => {
    const { coffer } = world;
    const team = await teamWithCredit(coffer.pool, 20);
    const { page, context } = await world.open(team.owner);
    const pages = [page, ...(await Promise.all(Array.from({ length: 9 }, () => context.newPage())))];
    for (const one of pages) {
      await one.goto(`/accounts/${team.slug}/transactions`);
      await balanceButton(one, '20 dollars').waitFor();
    }
    const [apiKeyId = ''] = team.apiKeyIds;
    await spend(world, apiKeyId, 100);
    for (const one of pages) await one.getByRole('button', { name: /^Balance: 18 dollars and 99/ }).waitFor();
    // the window that listened for all goes, and another one listens on
    await pages[0]?.close();
    await spend(world, apiKeyId, 100);
    for (const one of pages.slice(1))
      await one.getByRole('button', { name: /^Balance: 17 dollars and 99/ }).waitFor();
  },
);
