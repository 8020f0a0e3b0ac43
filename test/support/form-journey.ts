// A form of the console and its whole way: opened, filled in, left by a reload and an ended session, and sent in the end.
import { expect } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import type { Pool } from '../../ledger/database.ts';
import type { TestConsole } from './browser.ts';
import { type ConsoleTeam, teamWithCredit } from './console-acts.ts';
import { givePassword, PASSWORD } from './sign-in.ts';
import type { Window } from './window.ts';

export interface FormOf {
  readonly name: string;
  /** Its page. */
  readonly path: (team: ConsoleTeam) => string;
  /** Opens it, where it is not there at once. */
  readonly open?: (page: Page) => Promise<unknown>;
  /** Where its fields are. */
  readonly frame: (page: Page) => Locator;
  /** Label → what is typed into a field. */
  readonly typed: Readonly<Record<string, string>>;
  /** Label → what is chosen of a list. */
  readonly chosen?: Readonly<Record<string, string>>;
  /** What is ticked: an option or a box. */
  readonly ticked?: readonly string[];
  /** What its button says. */
  readonly button: RegExp;
  /** What is seen once it was sent. */
  readonly done: (page: Page) => Locator;
  /** Counts what it made; `$1` is the account, `$2` the organization, `$3` the person. */
  readonly made: string;
}

export interface Journey {
  readonly form: FormOf;
  readonly team: ConsoleTeam;
  readonly window: Window;
  /** Reloads the page. */
  reload(): Promise<void>;
  /** That everything typed and chosen stands there. */
  expectFilled(): Promise<void>;
  /** Presses its button as impatient people do. */
  press(): Promise<void>;
  /** Ends the session behind the page's back, and signs in on the page that is shown then. */
  pressAfterSessionEnded(): Promise<void>;
  /** How many were made. */
  made(): Promise<number>;
}

/** Opens a form in a window of an owner, and fills it in. */
export async function beginJourney(world: TestConsole, form: FormOf): Promise<Journey> {
  const { pool } = world.coffer;
  const team = await teamWithCredit(pool, 20);
  await givePassword(pool, team.owner.personId);
  const window = await world.open(team.owner);
  const { page } = window;
  const frame = form.frame(page);
  await page.goto(form.path(team));
  await form.open?.(page);
  await fillIn(page, frame, form);
  const button = frame.getByRole('button', { name: form.button });
  return {
    form,
    team,
    window,
    async reload() {
      await page.reload();
      await frame.waitFor();
    },
    expectFilled: () => expectFilled(frame, form),
    press: () => button.dblclick(),
    async pressAfterSessionEnded() {
      await endSessions(pool, team.owner);
      const over = page.getByText('Your session has ended.');
      await pressIfThere(button);
      await over.waitFor();
      await signInAgain(page, team.owner.email);
      await frame.waitFor();
    },
    made: () => count(pool, form.made, team),
  };
}

/** Ends the sessions of a person, as when they sign out everywhere. */
export async function endSessions(pool: Pool, { personId }: { readonly personId: string }): Promise<void> {
  await pool.query('delete from auth.sessions where person_id = $1', [personId]);
}

/** Presses a button of a form whose session has ended; the page may have found that out by itself before. */
export async function pressIfThere(button: Locator): Promise<void> {
  await button.click({ timeout: 2_000 }).catch(() => undefined);
}

/** Signs in on the page that is shown. */
export async function signInAgain(page: Page, email: string): Promise<void> {
  await page.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function fillIn(page: Page, frame: Locator, form: FormOf): Promise<void> {
  for (const [label, text] of Object.entries(form.typed)) await field(frame, label).fill(text);
  for (const [label, choice] of Object.entries(form.chosen ?? {})) {
    await list(frame, label).click();
    await page.getByRole('option', { name: choice }).click();
  }
  for (const label of form.ticked ?? []) await box(frame, label).check();
}

async function expectFilled(frame: Locator, form: FormOf): Promise<void> {
  const found: Record<string, unknown> = {};
  for (const label of Object.keys(form.typed)) found[label] = await field(frame, label).inputValue();
  for (const label of Object.keys(form.chosen ?? {})) found[label] = await list(frame, label).inputValue();
  for (const label of form.ticked ?? []) found[label] = await box(frame, label).isChecked();
  const ticks = Object.fromEntries((form.ticked ?? []).map((label) => [label, true]));
  expect({ form: form.name, ...found }).toEqual({
    form: form.name,
    ...form.typed,
    ...form.chosen,
    ...ticks,
  });
}

const field = (frame: Locator, label: string) => frame.getByRole('textbox', { name: label, exact: true });

const list = (frame: Locator, label: string) => frame.getByLabel(label, { exact: true }).first();

const box = (frame: Locator, label: string) =>
  frame.getByRole('checkbox', { name: label }).or(frame.getByRole('radio', { name: label }));

async function count(pool: Pool, statement: string, team: ConsoleTeam): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(
    `with whose as (select $1::uuid as account_id, $2::uuid as organization_id, $3::uuid as person_id) ${statement}`,
    [team.accountId, team.organizationId, team.owner.personId],
  );
  return Number(rows[0]?.count);
}
