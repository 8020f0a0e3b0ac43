// Looking at a page: its picture in light, dark and narrow, what axe finds in both schemes, and what is cut off at 360 px.
import { mkdirSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { RESULTS } from './browser.ts';

const PICTURES = `${RESULTS}/screenshots`;
const NARROW = { width: 360, height: 740 };
const WIDE = { width: 1280, height: 860 };

/** Until nothing of the page is on its way any more. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.locator('[aria-busy="true"], [aria-label="Loading"]').first().waitFor({ state: 'detached' });
  await page.evaluate('document.fonts.ready.then(() => undefined)');
}

/** Looks at what a window shows, in all three ways; returns what keeps somebody out, a line each. */
export async function look(page: Page, name: string): Promise<string[]> {
  mkdirSync(PICTURES, { recursive: true });
  await settled(page);
  const light = await faultsOf(page);
  await picture(page, `${name}-light`);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  const dark = await faultsOf(page, ['color-contrast', 'link-in-text-block']);
  await picture(page, `${name}-dark`);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(NARROW);
  const beyond = await cutOff(page);
  await picture(page, `${name}-narrow`);
  await page.setViewportSize(WIDE);
  return [
    ...light.map((fault) => `${name}, light: ${fault}`),
    ...dark.map((fault) => `${name}, dark: ${fault}`),
    ...beyond.map((element) => `${name} at ${NARROW.width} px: ${element}`),
  ];
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
  await page.evaluate('window.scrollTo(0, 0)');
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
