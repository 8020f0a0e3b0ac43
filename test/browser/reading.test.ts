// What people read in a real browser: every file equals its table, days are the same days in every zone, no address is a blank page, and the browser's console stays empty.
import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { Locator, Page } from 'playwright-core';
import { formatMoney } from '../../console/src/money.ts';
import { browserTests, type TestConsole } from '../support/browser.ts';
import { spend, teamWithCredit } from '../support/console-acts.ts';
import { type Story, seedStory } from '../support/console-story.ts';
import { createKey, createPerson } from '../support/people.ts';

const flow = browserTests();
const DAY_MS = 86_400_000;

let told: Promise<Story> | undefined;
const story = (world: TestConsole) => (told ??= seedStory(world));

type Row = Record<string, string>;

/** The rows of the file behind a link. */
async function fileOf(page: Page, link: Locator): Promise<Row[]> {
  const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return parse(readFileSync(await file.path(), 'utf8'), { columns: true });
}

/** What the cells of a table say: of a moment its exact time, of an amount what is written, of several things all. */
function cellsOf(table: Locator): Promise<string[][]> {
  return table.locator('tbody tr').evaluateAll((rows) =>
    rows.map((row) =>
      [...row.querySelectorAll('td')].map((cell) => {
        const [time, amount] = [cell.querySelector('time'), cell.querySelector('.money')];
        if (time?.textContent === cell.textContent) return time?.dateTime ?? '';
        if (amount?.textContent === cell.textContent)
          return amount?.querySelector('[aria-hidden]')?.textContent ?? '';
        return cell.textContent ?? '';
      }),
    ),
  );
}

const money = (amount = '') => formatMoney(amount, { exact: true });
const signed = (amount = '') => (amount.startsWith('-') ? money(amount) : `+${money(amount)}`);
const count = (number = '') => Number(number).toLocaleString('en-US');
/** What a spreadsheet would have run is told apart by an apostrophe. */
const written = (text = '') => text.replace(/^'(?=[=+\-@])/, '');

async function showAll(page: Page): Promise<void> {
  const more = page.getByRole('button', { name: /^Show (more|all)/ });
  while ((await more.count()) > 0) await more.first().click();
}

flow('the files of statement, audit and contributions equal their tables', async (world) => {
  const { slug, owner } = await story(world);
  const { page } = await world.open(owner);
  const csv = page.getByRole('link', { name: 'CSV', exact: true });

  await page.goto(`/accounts/${slug}/statement`);
  const statement = page.getByRole('table', { name: 'Statement' });
  await statement.waitFor();
  await showAll(page);
  const entries = await fileOf(page, csv);
  const entryCells = await cellsOf(statement);
  expect(entryCells.map(([seq, at, , amount, after]) => [seq, at, amount, after])).toEqual(
    entries.map(({ seq, postedAt, amount, balanceAfter }) => [
      seq,
      postedAt,
      signed(amount),
      money(balanceAfter),
    ]),
  );
  expect(entries.length).toBeGreaterThan(3);

  await page.goto(`/accounts/${slug}/audit`);
  const audit = page.getByRole('table', { name: 'Audit' });
  await audit.waitFor();
  await showAll(page);
  const lines = await fileOf(page, csv);
  const lineCells = await cellsOf(audit);
  expect(lineCells.map(([at]) => at)).toEqual(lines.map(({ at }) => at));
  for (const [index, { actorName = '' }] of lines.entries())
    expect(lineCells[index]?.[1]).toContain(written(actorName));
  // sentences with money and times, and nothing as a machine writes it
  const sentences = lineCells.map(([, , what]) => what).join('\n');
  expect(sentences).toMatch(/Jonas Reed joined as an admin/);
  expect(sentences).toMatch(/added \$50\.00/);
  expect(sentences).not.toMatch(/\d{4}-\d\d-\d\dT|[a-z]-[a-z]+\.[a-z]|\bnull\b|\bundefined\b|\{/);

  await page.goto(`/accounts/${slug}/billing`);
  const region = page.getByRole('region', { name: 'Who contributed' });
  await region.getByRole('table').waitFor();
  const payers = await fileOf(page, region.getByRole('link', { name: 'CSV' }));
  const payerCells = await cellsOf(region.getByRole('table'));
  expect(payerCells.map(([name, total]) => [name, total])).toEqual(
    payers.map(({ payerName, total }) => [written(payerName), money(total)]),
  );
  expect(payers.length).toBeGreaterThan(1);
});

flow('the files of usage hold every key and model, also those that the chart draws as one', async (world) => {
  const { coffer } = world;
  const team = await teamWithCredit(coffer.pool, 20);
  const { accountId, owner } = team;
  for (let at = 0; at < 13; at += 1) {
    const name = ['=cmd()', 'job, "the" first', '@sum(A1)', '-1'][at] ?? `job ${at}`;
    const { apiKeyId } = await createKey(coffer.pool, { accountId, memberId: owner.personId, name });
    await spend(world, apiKeyId, at + 1);
  }
  const { page } = await world.open(owner);
  await page.goto(`/accounts/${team.slug}/usage?by=apiKey&period=7d`);
  await page.getByRole('radiogroup', { name: 'Spend as' }).getByText('Table').click();
  const spendTable = page.getByRole('table', { name: 'Spend by day' });
  await spendTable.locator('tbody tr').nth(12).waitFor();
  const sums = await fileOf(page, page.getByRole('link', { name: 'CSV: Spend' }));
  expect(sums).toHaveLength(13);
  expect(await cellsOf(spendTable)).toEqual(
    sums.map(({ day, apiKeyName, events, cost }) => [day, written(apiKeyName), count(events), money(cost)]),
  );

  const keys = page.getByRole('region', { name: 'API keys' });
  await keys.getByRole('button', { name: 'Show all' }).click();
  const keyTable = keys.getByRole('table');
  await keyTable.locator('tbody tr').nth(12).waitFor();
  const ranked = await fileOf(page, page.getByRole('link', { name: 'CSV: API keys' }));
  expect((await cellsOf(keyTable)).map(([name]) => name)).toEqual(
    ranked.map(({ apiKeyName }) => written(apiKeyName)),
  );
  expect(ranked.map(({ apiKeyName }) => apiKeyName)).toEqual(
    expect.arrayContaining(["'=cmd()", "'@sum(A1)", "'-1", 'job, "the" first']),
  );

  await page.getByRole('radiogroup', { name: 'Tokens as' }).getByText('Table').click();
  const tokenTable = page.getByRole('table', { name: 'Tokens by day' });
  await tokenTable.waitFor();
  const tokens = await fileOf(page, page.getByRole('link', { name: 'CSV: Tokens' }));
  expect(await cellsOf(tokenTable)).toEqual(
    tokens.map((row) => [
      row['day'],
      count(row['events']),
      count(row['inputTokens']),
      count(row['cachedInputTokens']),
      count(row['cacheWriteTokens']),
      count(row['outputTokens']),
    ]),
  );
});

flow('chart, table, list and file agree about days, in whatever zone somebody reads them', async (world) => {
  const team = await teamWithCredit(world.coffer.pool, 20);
  const day = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const times = [-30, 30, 24 * 60 - 30, 24 * 60 + 30].map((minutes) =>
    new Date(Math.min(midnight + minutes * 60_000, Date.now())).toISOString(),
  );
  for (const occurredAt of times) await spend(world, team.apiKeyIds[0] ?? '', 2, { occurredAt });
  const within = times.filter((time) => time.startsWith(day)).reverse();
  for (const timezoneId of ['Pacific/Auckland', 'America/Los_Angeles', 'Asia/Kathmandu', 'UTC']) {
    const { page, context } = await world.open(team.owner, { timezoneId });
    await page.goto(`/accounts/${team.slug}/transactions?type=usage&from=${day}&to=${day}`);
    const lines = page.getByRole('list', { name: 'Transactions' }).locator('time');
    await lines.first().waitFor();
    const shown = await lines.evaluateAll((all) =>
      all.map((one) => [one.getAttribute('datetime'), one.textContent, one.getAttribute('title')]),
    );
    const clock = new Intl.DateTimeFormat('en-US', {
      timeZone: timezoneId,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    expect(shown.map(([at]) => [at]).sort()).toEqual(within.map((at) => [at]).sort());
    for (const [at, text, title] of shown) {
      expect(text).toContain(clock.format(new Date(at ?? '')));
      expect(title).toBe(`${at?.slice(0, 19).replace('T', ' ')} UTC`);
    }
    const file = await fileOf(page, page.getByRole('link', { name: 'CSV', exact: true }));
    expect(file.map(({ occurredAt }) => occurredAt).sort()).toEqual([...within].sort());
    const note = page.getByText(/Days are UTC days, which begin at \d\d:\d\d where you are/);
    expect(await note.count()).toBe(timezoneId === 'UTC' ? 0 : 1);

    await page.goto(`/accounts/${team.slug}/usage?period=custom&from=${day}&to=${day}`);
    await page.getByRole('radiogroup', { name: 'Spend as' }).getByText('Table').click();
    const table = page.getByRole('table', { name: 'Spend by day' });
    await table.waitFor();
    expect((await cellsOf(table)).map(([shownDay, , events]) => [shownDay, events])).toEqual([
      [day, String(within.length)],
    ]);
    const sums = await fileOf(page, page.getByRole('link', { name: 'CSV: Spend' }));
    expect(sums.map((row) => [row['day'], row['events']])).toEqual([[day, String(within.length)]]);
    await context.close();
  }
});

const NOBODYS_ID = '01939f5e-0000-7000-8000-000000000000';

flow(
  'an address that makes no sense is a page that helps, never a blank one',
  async (world) => {
    const { slug, owner, accountId } = await story(world);
    const stranger = await createPerson(world.coffer.pool, 'Stan Stranger');
    const window = await world.open(owner);
    // what is well written and not there is asked for, and the answer says so
    window.expectFaults(/404 of GET .*\/(transactions\/entry-|top-ups\/)/);
    const { page } = window;
    const account = `/accounts/${slug}`;
    const dates = ['garbage', '2026-02-31', '9999-12-31', '[1,2]'];
    const values = ['__proto__', '{"a":1}', '["x"]', 'x'.repeat(2_000), '%00', '%F0%9F', '1e999'];
    const wrong = [
      ...dates.flatMap((date) =>
        ['transactions', 'statement', 'audit', 'usage'].map(
          (at) => `${at}?period=custom&from=${date}&to=${date}`,
        ),
      ),
      ...values.flatMap((value) => [
        `transactions?memberId=${value}&apiKeyId=${value}&model=${value}&type=${value}&line=${value}`,
        `usage?memberId=${value}&model=${value}&by=${value}&period=${value}`,
        `audit?action=${value}&actorId=${value}&subjectId=${value}`,
        `billing?topUp=${value}&show=${value}&add=${value}&cancelled=${value}`,
      ]),
      'transactions?__proto__=1&__proto__[x]=1&constructor=2&from=2026-01-01&from=2026-01-02',
      `transactions?memberId=${NOBODYS_ID}&apiKeyId=${NOBODYS_ID}`,
      `transactions?memberId=${stranger.personId}`,
      `usage?memberId=${NOBODYS_ID}&apiKeyId=${accountId}`,
      `audit?actorId=${NOBODYS_ID}&subjectId=${accountId}`,
      `billing?show=${NOBODYS_ID}&topUp=${accountId}`,
    ];
    for (const address of wrong) {
      await page.goto(`${account}/${address}`);
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await page.locator('[aria-label="Loading"]').first().waitFor({ state: 'detached' });
      expect([address.slice(0, 80), await page.getByText('Something went wrong').count()]).toEqual([
        address.slice(0, 80),
        0,
      ]);
    }
    await page.goto(`${account}/transactions?line=entry-999999999`);
    await page.getByRole('dialog').getByText('This account has no such transaction.').waitFor();
    await page.goto(`${account}/billing?show=${NOBODYS_ID}`);
    await page.getByRole('dialog').getByText('There is no such top-up.').waitFor();
    // a long number is not rounded on its way through the address
    await page.goto(`${account}/transactions?batchId=12345678901234567890123`);
    await page.getByText('Nothing matches these filters.').waitFor();
    expect(page.url()).toContain('12345678901234567890123');
  },
  180_000,
);

flow(
  'no page of any role leaves a word in the browser’s console',
  async (world) => {
    const { coffer, open } = world;
    const team = await teamWithCredit(coffer.pool, 20);
    await spend(world, team.apiKeyIds[0] ?? '', 3);
    const pages = ['billing', 'transactions', 'statement', 'usage', 'keys', 'team', 'audit'];
    const settle = async (page: Page) => {
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await page.locator('[aria-busy="true"], [aria-label="Loading"]').first().waitFor({ state: 'detached' });
    };
    const own = [
      '/',
      '/settings',
      '/new-organization',
      '/nowhere',
      ...pages.map((at) => `/accounts/@me/${at}`),
    ];
    const shared = pages.map((at) => `/accounts/${team.slug}/${at}`);
    for (const [person, paths] of [
      [team.owner, [...own, ...shared]],
      [team.admin, shared.slice(-2)],
      [team.member, shared],
      [team.outsider, shared.slice(0, 1)],
    ] as const) {
      const { page, context } = await open(person);
      for (const path of paths) {
        await page.goto(path);
        await settle(page);
      }
      await context.close();
    }
    const { page, context } = await open();
    const refused: string[] = [];
    context.on('response', (response) => {
      if (response.status() === 401) refused.push(response.url());
    });
    for (const path of ['/', '/sign-in', '/sign-up', '/forgot-password', `/accounts/${team.slug}/audit`]) {
      await page.goto(path);
      await settle(page);
    }
    expect(refused).toEqual([]);
  },
  180_000,
);
