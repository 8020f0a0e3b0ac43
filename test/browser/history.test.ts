// Keys and their history in a real browser: made, used, found again by name, filtered, exported, and handed on by a leaver.
import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { Page } from 'playwright-core';
import { browserTests, type TestConsole } from '../support/browser.ts';
import { spend, tabTo, teamWithCredit } from '../support/console-acts.ts';
import { TEST_MODEL } from '../support/traffic.ts';

const flow = browserTests();

const lines = (page: Page) => page.getByRole('list', { name: 'Transactions' }).getByRole('listitem');

/** A request by whoever holds the secret of a key. */
async function request({ coffer }: TestConsole, secret: string, id: string): Promise<string> {
  const response = await fetch(`${coffer.url}/v1/usage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${coffer.gatewayToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      id,
      apiKey: secret,
      model: TEST_MODEL,
      inputTokens: 1_204,
      outputTokens: 96,
      occurredAt: new Date().toISOString(),
    }),
  });
  const { results }: { results: { status: string }[] } = await response.json().then(Object);
  return results[0]?.status ?? '';
}

flow(
  'a key made by keyboard alone is used by a real request, and the request is in the history with its name',
  async (world) => {
    const { coffer, open } = world;
    const team = await teamWithCredit(coffer.pool, 20);
    const { page } = await open(team.member);
    await page.goto(`/accounts/${team.slug}/keys`);
    const make = page.getByRole('button', { name: 'Make a key' });
    await make.waitFor();
    await tabTo(page, make);
    await page.keyboard.press('Enter');
    const name = page.getByRole('textbox', { name: 'Name' });
    await name.waitFor();
    await tabTo(page, name);
    await page.keyboard.press('Enter');
    await page.getByText('Give it a name').waitFor();
    await page.keyboard.type('Night job');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'The key "Night job"' });
    await dialog.waitFor();
    const secret = (await dialog.locator('pre').textContent()) ?? '';
    expect(secret).toMatch(/^cof_test_\w+/);
    await tabTo(page, dialog.getByRole('button', { name: 'Copy the key' }));
    await tabTo(page, dialog.getByRole('button', { name: 'Done' }));
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain(secret);

    await page.getByRole('link', { name: 'Transactions' }).click();
    await page.getByRole('heading', { name: 'Transactions' }).waitFor();
    expect(await request(world, secret.trim(), 'by-the-new-key')).toBe('recorded');
    const line = lines(page).filter({ hasText: 'Max Member · Night job' });
    await line.getByText('1,204 tokens in, 96 out').waitFor();
    await line.getByRole('button').click();
    const details = page.getByRole('dialog', { name: 'Usage' });
    await details.getByText('by-the-new-key').waitFor();
    await page.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });

    await page.getByRole('link', { name: 'API keys' }).click();
    const row = page.getByRole('row', { name: /Night job/ });
    await row.getByText('Never').waitFor({ state: 'detached' });
    await row.getByRole('button', { name: 'Actions of Night job' }).click();
    await page.getByRole('menuitem', { name: 'Revoke' }).click();
    await page.getByRole('button', { name: 'Revoke for good' }).click();
    await row.waitFor({ state: 'detached' });
  },
);

flow('a leaver’s key that is in use is handed on, and programs go on with it', async (world) => {
  const { coffer, open } = world;
  const team = await teamWithCredit(coffer.pool, 20);
  const [, , membersKey = ''] = team.apiKeyIds;
  await spend(world, membersKey, 1);
  const { page } = await open(team.owner);
  await page.goto(`/accounts/${team.slug}/team`);
  await page.getByRole('button', { name: 'Remove Max Member' }).click();
  const dialog = page.getByRole('dialog', { name: 'Remove Max Member' });
  await dialog
    .getByRole('combobox', { name: 'test key' })
    .or(dialog.getByRole('textbox', { name: 'test key' }))
    .click();
  await page.getByRole('option', { name: 'Hand to Ada Admin' }).click();
  await dialog.getByRole('button', { name: 'Remove Max Member' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('region', { name: 'Members' }).getByText('Max Member').waitFor({ state: 'detached' });
  await spend(world, membersKey, 2);
  await page.getByRole('link', { name: 'Transactions' }).click();
  await lines(page).filter({ hasText: 'Ada Admin · test key' }).waitFor();
  await lines(page).filter({ hasText: 'Max Member · test key' }).waitFor();
});

flow(
  'filters stand in the address, survive a reload, and the CSV holds what the table shows',
  async (world) => {
    const { coffer, open } = world;
    const team = await teamWithCredit(coffer.pool, 20);
    const [ownersKey = '', adminsKey = '', membersKey = ''] = team.apiKeyIds;
    for (const [at, key] of [ownersKey, adminsKey, membersKey, membersKey, membersKey].entries())
      await spend(world, key, at + 1, at === 4 ? { batchId: 'batch-7' } : {});
    const { page } = await open(team.owner);
    await page.goto(`/accounts/${team.slug}/transactions`);
    await lines(page).nth(5).waitFor();
    const filters = page.getByRole('search', { name: 'Filters' });
    const choose = async (label: string, option: RegExp) => {
      await filters.getByLabel(label, { exact: true }).first().click();
      await page.getByRole('option', { name: option }).click();
    };
    await choose('Type', /^Usage$/);
    await choose('Member', /^Max Member$/);
    await choose('Model', new RegExp(`^${TEST_MODEL}$`));
    await page.waitForURL(/model=/);
    await lines(page).nth(3).waitFor({ state: 'detached' });
    await lines(page).nth(2).waitFor();
    const shown = async () => (await lines(page).allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '));
    const before = await shown();
    expect(before).toHaveLength(3);
    await page.reload();
    await lines(page).nth(2).waitFor();
    expect(await shown()).toEqual(before);
    expect(await filters.getByLabel('Model', { exact: true }).first().inputValue()).toBe(TEST_MODEL);

    const downloaded = page.waitForEvent('download');
    await page.getByRole('link', { name: 'CSV' }).click();
    const file = await downloaded;
    expect(file.suggestedFilename()).toMatch(/\.csv$/);
    const rows: Record<string, string>[] = parse(readFileSync(await file.path(), 'utf8'), { columns: true });
    expect(rows).toHaveLength(before.length);
    for (const [at, row] of rows.entries()) {
      const tokens = Number(row['inputTokens']).toLocaleString('en-US');
      expect(before[at]).toContain(`${tokens} tokens in, ${row['outputTokens']} out`);
      expect(before[at]).toContain(`${row['memberName']} · ${row['apiKeyName']}`);
      expect(before[at]).toContain(`−$${row['amount']?.slice(1)}`);
    }

    await filters.getByRole('textbox', { name: 'Batch' }).fill('batch-7');
    await page.waitForURL(/batchId=batch-7/);
    await lines(page).nth(1).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Clear' }).click();
    await lines(page).nth(5).waitFor();
  },
);

flow(
  'what a role may not do is not offered, and an organization that is not mine is a page that says so',
  async (world) => {
    const team = await teamWithCredit(world.coffer.pool, 20);
    const { page } = await world.open(team.member);
    await page.goto(`/accounts/${team.slug}/team`);
    await page
      .getByRole('region', { name: 'Members' })
      .getByRole('row', { name: /Ada Admin/ })
      .waitFor();
    expect(await page.getByRole('button', { name: /^(Invite|Remove|Make a token|Close)/ }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Audit' }).count()).toBe(0);
    await page.goto(`/accounts/${team.slug}/audit`);
    await page.getByRole('heading', { name: 'This page is for owners and admins' }).waitFor();

    const stranger = await world.open(team.outsider);
    await stranger.page.goto(`/accounts/${team.slug}/billing`);
    await stranger.page.getByRole('heading', { name: 'You have no part in this organization' }).waitFor();
    await stranger.page.getByRole('link', { name: 'Go to your balance' }).click();
    await stranger.page.waitForURL(/@me\/billing/);
    await stranger.page.goto('/accounts/@me/nowhere');
    await stranger.page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  },
);

flow('a server that is away is a page that says so, and the way back works', async (world) => {
  const { coffer, open } = world;
  const team = await teamWithCredit(coffer.pool, 20);
  const window = await open(team.owner);
  window.expectFaults(/Unreachable/);
  const { page } = window;
  await page.goto(`/accounts/${team.slug}/billing`);
  await page.getByRole('button', { name: /^Balance: 20 dollars/ }).waitFor();
  await coffer.api.kill();
  await page.getByRole('status').getByText('The connection was lost').waitFor();
  await page.getByRole('link', { name: 'Team' }).click();
  const again = page.getByRole('button', { name: 'Try again' }).first();
  await again.waitFor();
  await coffer.api.start();
  await again.click();
  await page.getByRole('heading', { name: 'Team' }).waitFor();
  await page.getByText('The connection was lost').waitFor({ state: 'detached' });
});
