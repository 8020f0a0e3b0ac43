// The forms in a real browser: nothing typed is lost, nothing is made twice, and what is wrong is told beside the field.
import { expect } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { browserTests } from '../support/browser.ts';
import { balanceButton, chooseCard, openAddCredit, teamWithCredit } from '../support/console-acts.ts';
import {
  beginJourney,
  endSessions,
  type FormOf,
  type Journey,
  pressIfThere,
  signInAgain,
} from '../support/form-journey.ts';
import { givePassword, PASSWORD } from '../support/sign-in.ts';

const flow = browserTests();

const dialog = (name: string) => (page: Page) => page.getByRole('dialog', { name });
const region = (name: string) => (page: Page) => page.getByRole('region', { name });
const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();
const act = (name: string) => async (page: Page) => {
  await press(/^Actions of /)(page);
  await page.getByRole('menuitem', { name }).click();
};
const secretShown = (page: Page) => page.getByText('Copy it now.');

const FORMS: readonly FormOf[] = [
  {
    name: 'a key',
    path: ({ slug }) => `/accounts/${slug}/keys`,
    open: press('Make a key'),
    frame: dialog('Make an API key'),
    typed: { Name: 'Night shift' },
    chosen: { Works: '90 days' },
    button: /^Make the key$/,
    done: secretShown,
    made: `select count(*) from api_keys join whose using (account_id) where name = 'Night shift' and expires_at is not null`,
  },
  {
    name: 'another name of a key',
    path: ({ slug }) => `/accounts/${slug}/keys`,
    open: act('Rename'),
    frame: dialog('Rename the key'),
    typed: { Name: 'Night shift' },
    button: /^Rename$/,
    done: (page) => page.getByRole('cell', { name: /^Night shift/ }),
    made: `select count(*) from api_keys join whose using (account_id) where name = 'Night shift'`,
  },
  {
    name: 'another secret of a key',
    path: ({ slug }) => `/accounts/${slug}/keys`,
    open: act('Rotate'),
    frame: (page) => page.getByRole('dialog', { name: /^Rotate / }),
    typed: {},
    chosen: { 'The old secret works on': 'A week' },
    button: /^Rotate$/,
    done: secretShown,
    made: `select count(*) from audit_lines join whose using (account_id) where action = 'api-key.rotated'`,
  },
  {
    name: 'a token',
    path: ({ slug }) => `/accounts/${slug}/team`,
    open: press('Make a token'),
    frame: dialog('Make a token'),
    typed: { Name: 'Night report' },
    chosen: { 'Works for': 'A year' },
    ticked: ['Manage API keys'],
    button: /^Make the token$/,
    done: secretShown,
    made: `select count(*) from service_tokens join whose using (organization_id) where scopes = '{read,keys}'`,
  },
  {
    name: 'an invitation',
    path: ({ slug }) => `/accounts/${slug}/team`,
    open: press('Invite somebody'),
    frame: dialog('Invite to Acme'),
    typed: { 'E-mail': 'nora@example.com' },
    ticked: ['Admin'],
    button: /^Send the invitation$/,
    done: (page) => region('Invitations')(page).getByText('nora@example.com'),
    made: `select count(*) from auth.invitations join whose using (organization_id) where role = 'admin'`,
  },
  {
    name: 'another name of an organization',
    path: ({ slug }) => `/accounts/${slug}/team`,
    frame: region('Organization'),
    typed: { Name: 'Night School', 'Name in addresses': 'night-school' },
    button: /^Rename$/,
    done: (page) => page.getByText('The organization is renamed.'),
    made: `select count(*) from auth.organizations where slug = 'night-school'`,
  },
  {
    name: 'an organization',
    path: () => '/new-organization',
    frame: (page) => page.getByRole('main'),
    typed: { Name: 'Day School', 'Name in addresses': 'day-classes' },
    button: /^Make the organization$/,
    done: (page) => page.getByRole('button', { name: 'Profile menu: Day School' }),
    made: `select count(*) from auth.organizations where name = 'Day School'`,
  },
  {
    name: 'my name',
    path: () => '/settings',
    frame: region('Profile'),
    typed: { Name: 'Nora Neu' },
    button: /^Save$/,
    done: (page) => page.getByText('Your name is changed.'),
    made: `select count(*) from auth.people join whose on id = person_id where name = 'Nora Neu'`,
  },
  {
    name: 'a top-up',
    path: ({ slug }) => `/accounts/${slug}/billing?add=true`,
    frame: dialog('Add credit'),
    typed: { Amount: '41.50' },
    ticked: ['Keep this card for auto top-up'],
    button: /^(Continue to payment|Try again)$/,
    done: (page) => page.getByRole('heading', { name: 'Pay', exact: true }),
    made: `select count(*) from top_ups join whose using (account_id) where amount = 41500000000`,
  },
];

flow(
  'what was typed outlives a reload, a server that is away and an ended session, and then counts once',
  async (world) => {
    const journeys: Journey[] = [];
    for (const form of FORMS) {
      const journey = await beginJourney(world, form);
      await journey.reload();
      await journey.expectFilled();
      journeys.push(journey);
    }
    await world.coffer.api.kill();
    for (const { form, window, press, expectFilled } of journeys) {
      await press();
      await form.frame(window.page).getByRole('alert').getByText('Coffer cannot be reached').waitFor();
      await expectFilled();
    }
    await world.coffer.api.start();
    for (const { form, window, press, pressAfterSessionEnded, expectFilled, made } of journeys) {
      await pressAfterSessionEnded();
      await expectFilled();
      expect([form.name, await made()]).toEqual([form.name, 0]);
      await press();
      await form.done(window.page).first().waitFor();
      expect([form.name, await made()]).toEqual([form.name, 1]);
    }
  },
  180_000,
);

flow('a rule of auto top-up outlives all that too; pressed twice, it charges once', async (world) => {
  const { coffer, open } = world;
  const team = await teamWithCredit(coffer.pool, 4);
  await givePassword(coffer.pool, team.owner.personId);
  const { page } = await open(team.owner);
  await page.goto(`/accounts/${team.slug}/billing?auto=true`);
  const form = page.getByRole('dialog', { name: 'Auto top-up' });
  const typed = [
    ['When the balance falls below', '12'],
    ['Amount', '31.50'],
    ['At most per month', '140'],
  ] as const;
  for (const [label, text] of typed) await form.getByRole('textbox', { name: label }).fill(text);
  await form.getByRole('button', { name: 'Continue' }).click();
  await form.getByText('Choose a card, or save a new one.').waitFor();
  await endSessions(coffer.pool, team.owner);
  await pressIfThere(form.getByRole('button', { name: 'Save a new card' }));
  await page.getByText('Your session has ended.').waitFor();
  await signInAgain(page, team.owner.email);
  await form.getByRole('button', { name: 'Save a new card' }).click();
  await page.getByRole('heading', { name: 'Save a card' }).waitFor();
  await chooseCard(page, /^Visa, pays/);
  for (const [label, text] of typed)
    expect(await form.getByRole('textbox', { name: label }).inputValue()).toBe(text);
  await form.getByRole('button', { name: 'Continue' }).dblclick();
  const check = page.getByRole('dialog', { name: 'Check and agree' });
  await check.getByRole('checkbox').check();
  await check.getByRole('button', { name: 'Agree and charge $31.50' }).dblclick();
  await balanceButton(page, '35 dollars and 50 cents').waitFor();
  const { rows } = await coffer.pool.query(
    `select revision, (select count(*)::int from top_ups where account_id = r.account_id) as charges
     from auto_top_up_rules r where account_id = $1`,
    [team.accountId],
  );
  expect(rows).toEqual([{ revision: 1, charges: 1 }]);
});

/** What is told beside a field, as a screen reader tells it. */
async function besides(field: Locator): Promise<string> {
  await field.and(field.page().locator('[aria-invalid="true"]')).waitFor();
  return field.evaluate((element) =>
    (element.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id: string) => element.ownerDocument.getElementById(id)?.textContent ?? '')
      .join(' '),
  );
}

flow(
  'names with hidden characters, and names that are too long, are refused beside the field',
  async (world) => {
    const { pool } = world.coffer;
    const team = await teamWithCredit(pool, 20);
    const { page } = await world.open(team.owner);
    for (const [path, opens, frame, button] of [
      [`/accounts/${team.slug}/keys`, 'Make a key', dialog('Make an API key'), 'Make the key'],
      [`/accounts/${team.slug}/team`, 'Make a token', dialog('Make a token'), 'Make the token'],
      ['/new-organization', undefined, (on: Page) => on.getByRole('main'), 'Make the organization'],
      ['/settings', undefined, region('Profile'), 'Save'],
    ] as const) {
      await page.goto(path);
      if (opens !== undefined) await press(opens)(page);
      const name = frame(page).getByRole('textbox', { name: 'Name', exact: true });
      for (const [typed, fault] of [
        ['Ops \u202egnp.exe', 'characters in it that nobody sees'],
        ['Ops \u0007', 'characters in it that nobody sees'],
        ['\u200b\u200d', 'needs a character that can be seen'],
        ['x'.repeat(10_000), 'at most 100 characters; this has 10,000'],
        ['   ', /name/i],
      ] as const) {
        await name.fill(typed);
        await frame(page).getByRole('button', { name: button, exact: true }).click();
        expect(await besides(name)).toMatch(fault);
        expect(await name.inputValue()).toBe(typed);
      }
    }
    const { rows } = await pool.query('select 1 from names where subject_id = $1', [team.owner.personId]);
    expect(rows.length).toBeLessThanOrEqual(1);
  },
);

flow(
  'what only the server knows is told beside the same fields, and goes when they change',
  async (world) => {
    const { pool } = world.coffer;
    const team = await teamWithCredit(pool, 20);
    const other = await teamWithCredit(pool, 20);
    const { page } = await world.open(team.owner);
    await page.goto(`/accounts/${team.slug}/team`);
    const settings = region('Organization')(page);
    const slug = settings.getByRole('textbox', { name: 'Name in addresses' });
    await slug.fill(other.slug);
    await settings.getByRole('button', { name: 'Rename' }).click();
    expect(await besides(slug)).toMatch(/another organization/i);
    await settings.getByRole('button', { name: 'Discard' }).click();
    expect(await slug.inputValue()).toBe(team.slug);

    await press('Invite somebody')(page);
    const invite = dialog('Invite to Acme')(page);
    const email = invite.getByRole('textbox', { name: 'E-mail' });
    const send = invite.getByRole('button', { name: 'Send the invitation' });
    for (const [typed, fault] of [
      ['', 'Enter an e-mail address.'],
      ['nobody', 'This is not an e-mail address.'],
      ['two@at@example.com', 'This is not an e-mail address.'],
      ['dots..twice@example.com', /e-mail address/],
      [team.member.email, 'is a member already'],
    ] as const) {
      await email.fill(typed);
      await send.click();
      expect(await besides(email)).toMatch(fault);
      expect(await email.inputValue()).toBe(typed);
    }
    await email.fill('new@example.com');
    await email.and(page.locator('[aria-invalid="true"]')).waitFor({ state: 'detached' });
    await invite.getByRole('button', { name: 'Close' }).click();

    await page.goto('/new-organization');
    const main = page.getByRole('main');
    await main.getByRole('textbox', { name: 'Name', exact: true }).fill('Acme');
    const wanted = main.getByRole('textbox', { name: 'Name in addresses' });
    await wanted.fill(other.slug);
    await main.getByRole('button', { name: 'Make the organization' }).click();
    expect(await besides(wanted)).toMatch(/another organization/i);

    const stranger = await world.open();
    await stranger.page.goto('/sign-up');
    await stranger.page.getByRole('textbox', { name: 'Name' }).fill('Nora');
    await stranger.page.getByRole('textbox', { name: 'E-mail' }).fill('nora-new@example.com');
    const password = stranger.page.getByLabel('Password', { exact: true });
    await password.fill('password123');
    await stranger.page.getByRole('button', { name: 'Sign up' }).click();
    expect(await besides(password)).toMatch('most common');
    await stranger.page.reload();
    expect(await stranger.page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('Nora');
    expect(await password.inputValue()).toBe('');
  },
);

flow(
  'back from the payment page leads to the same payment; too many payments say when to try again',
  async (world) => {
    const { pool } = world.coffer;
    const team = await teamWithCredit(pool, 20);
    const { page } = await world.open(team.member);
    await page.goto(`/accounts/${team.slug}/billing`);
    const form = await openAddCredit(page, '20 dollars');
    const amount = form.getByRole('textbox', { name: 'Amount' });
    const pay = page.getByRole('heading', { name: 'Pay', exact: true });
    await amount.fill('33');
    await form.getByRole('button', { name: 'Continue to payment' }).dblclick();
    await pay.waitFor();
    await page.goBack();
    await form.getByRole('button', { name: 'Continue to payment' }).click();
    await pay.waitFor();
    const { rows } = await pool.query('select amount::text from top_ups where account_id = $1', [
      team.accountId,
    ]);
    expect(rows).toEqual([{ amount: '33000000000' }]);

    await page.goBack();
    await pool.query(`update rate_limits set points = 100000 where key like 'top-ups:%'`);
    await amount.fill('34.50');
    await form.getByRole('button', { name: 'Continue to payment' }).dblclick();
    await form
      .getByRole('alert')
      .getByText(/^You have begun many payments within the hour\. Try again in \d+ (seconds|minutes)\.$/)
      .waitFor();
    expect(await amount.inputValue()).toBe('34.50');
  },
);

flow(
  'what one person typed never shows to another, nor after cancelling; passwords are kept nowhere',
  async (world) => {
    const { pool } = world.coffer;
    const team = await teamWithCredit(pool, 20);
    for (const { personId } of [team.owner, team.admin]) await givePassword(pool, personId);
    const { page } = await world.open(team.owner);
    const form = dialog('Make an API key')(page);
    const name = form.getByRole('textbox', { name: 'Name' });
    const kept = () => page.evaluate<string>('JSON.stringify([{ ...sessionStorage }, { ...localStorage }])');
    await page.goto(`/accounts/${team.slug}/keys`);
    await press('Make a key')(page);
    await name.fill('Cancelled');
    await form.getByRole('button', { name: 'Close' }).click();
    await press('Make a key')(page);
    expect(await name.inputValue()).toBe('');
    await name.fill('Only mine');
    expect(await kept()).toContain('Only mine');
    // what was left on this page lies over no other
    await page.goto(`/accounts/${team.slug}/billing?add=true`);
    await dialog('Add credit')(page).getByRole('button', { name: 'Close' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.goto(`/accounts/${team.slug}/keys`);
    await form.waitFor();
    expect(await name.inputValue()).toBe('Only mine');
    await endSessions(pool, team.owner);
    await pressIfThere(form.getByRole('button', { name: 'Make the key' }));
    await page.getByText('Your session has ended.').waitFor();
    await page.getByRole('textbox', { name: 'E-mail' }).fill('mistyped@example.com');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    expect(await kept()).not.toContain(PASSWORD);
    await signInAgain(page, team.admin.email);
    await page.getByRole('heading', { name: 'API keys' }).waitFor();
    expect(await form.count()).toBe(0);
    await press('Make a key')(page);
    expect(await name.inputValue()).toBe('');
    expect(await kept()).not.toMatch(/Only mine|mistyped/);
  },
);
