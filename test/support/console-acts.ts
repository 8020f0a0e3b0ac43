// What people do in the console, in the words of its pages: found by role and name only, as a screen reader finds them.

import type { Locator, Page } from 'playwright-core';
import { v7 as uuidv7 } from 'uuid';
import type { Pool } from '../../ledger/database.ts';
import type { TestConsole } from './browser.ts';
import { createFundedTeam, type FundedTeam } from './coffer.ts';
import { postUsage, TEST_MODEL, type TestEvent } from './traffic.ts';

/** An organization with credit, its name in addresses, and a key each of owner, admin and member. */
export interface ConsoleTeam extends FundedTeam {
  readonly slug: string;
}

export async function teamWithCredit(pool: Pool, dollars: number): Promise<ConsoleTeam> {
  const team = await createFundedTeam(pool, dollars);
  const { rows } = await pool.query<{ slug: string }>('select slug from auth.organizations where id = $1', [
    team.organizationId,
  ]);
  return { ...team, slug: rows[0]?.slug ?? '' };
}

/** The Balance button when it says this balance: `25 dollars`, `57 dollars and 50 cents`. */
export function balanceButton(page: Page, spoken: string): Locator {
  return page.getByRole('button', { name: new RegExp(`^Balance: ${spoken}(?! and|\\d)`) });
}

/** Opens the form for adding credit by the way that everybody finds: the Balance button. */
export async function openAddCredit(page: Page, spokenBalance: string): Promise<Locator> {
  await balanceButton(page, spokenBalance).click();
  await page.getByRole('dialog').getByRole('link', { name: '+ Add Credit to Balance' }).click();
  const form = page.getByRole('dialog', { name: 'Add credit' });
  await form.waitFor();
  return form;
}

/** Goes to the payment page of an amount. */
export async function goToPayment(page: Page, spokenBalance: string, amount: string): Promise<void> {
  const form = await openAddCredit(page, spokenBalance);
  await form.getByRole('textbox', { name: 'Amount' }).fill(amount);
  await form.getByRole('button', { name: 'Continue to payment' }).click();
  await page.getByRole('heading', { name: 'Pay', exact: true }).waitFor();
}

/** Chooses a test card on the sandbox's page. */
export async function chooseCard(page: Page, label: string | RegExp): Promise<void> {
  const more = page.getByText('More test cards');
  const card = page.getByRole('button', { name: label }).first();
  if (!(await card.isVisible())) await more.click();
  await card.click();
}

/** Moves the focus by Tab until it is on a control. */
export const tabTo = (page: Page, control: Locator) => pressUntilFocused(page, control, 'Tab');

/** Moves the focus within a menu until it is on an item. */
export const arrowTo = (page: Page, item: Locator) => pressUntilFocused(page, item, 'ArrowDown');

async function pressUntilFocused(page: Page, control: Locator, key: string): Promise<void> {
  for (let step = 0; step < 60; step += 1) {
    if (await control.evaluate((element) => element === element.ownerDocument.activeElement)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`the keyboard does not reach ${control}`);
}

/** Sends events of about so many cents together, however many. */
export async function drain(world: TestConsole, apiKeyId: string, cents: number): Promise<void> {
  // a part of an event has at most 100 million tokens, which is 15 dollars
  for (let left = cents; left > 0; left -= 1_000) await spend(world, apiKeyId, Math.min(left, 1_000));
}

/** Sends one event of about so many cents through the door that gateways use. */
export async function spend(
  { coffer }: TestConsole,
  apiKeyId: string,
  cents: number,
  more: Partial<TestEvent> & { readonly batchId?: string } = {},
): Promise<TestEvent> {
  const event = {
    id: uuidv7(),
    apiKeyId,
    model: TEST_MODEL,
    // 15 cents a million tokens
    inputTokens: Math.round((cents * 1_000_000) / 15),
    outputTokens: 1,
    occurredAt: new Date().toISOString(),
    ...more,
  };
  const results = await postUsage(coffer.url, coffer.gatewayToken, [event]);
  if (results?.[0]?.status !== 'recorded') throw new Error(`not recorded: ${JSON.stringify(results)}`);
  return event;
}
