// A visit to the console as somebody has it for the first time: what it loads, what it costs, and how soon it is of use.
import { gzipSync } from 'node:zlib';
import type { CDPSession, Page } from 'playwright-core';

export interface Visited {
  /** Script that came before the page was of use, compressed with gzip. */
  readonly scriptBytes: number;
  /** All script that it loads by itself. */
  readonly wholeBytes: number;
  readonly requests: number;
  readonly usableMs: number;
  /** Processor time of the main thread until the page had nothing more to do. */
  readonly cpuMs: number;
}

/** Opens a page of Billing on a CPU that is so many times slower; closes it. */
export async function firstVisit(page: Page, path: string, slower: number): Promise<Visited> {
  const protocol = await page.context().newCDPSession(page);
  await protocol.send('Performance.enable', { timeDomain: 'threadTicks' });
  if (slower > 1) await protocol.send('Emulation.setCPUThrottlingRate', { rate: slower });
  const scripts: { readonly atMs: number; readonly bytes: Promise<number> }[] = [];
  let requests = 0;
  page.on('response', (response) => {
    requests += 1;
    if (response.request().resourceType() !== 'script') return;
    const bytes = response.body().then((body) => gzipSync(body, { level: 9 }).length);
    scripts.push({ atMs: performance.now(), bytes });
  });
  const begun = performance.now();
  await page.goto(path, { waitUntil: 'commit' });
  await usable(page);
  const done = performance.now();
  await settled(page, () => requests);
  const cpuMs = await taskMs(protocol);
  const sizes = await Promise.all(scripts.map(async ({ atMs, bytes }) => ({ atMs, bytes: await bytes })));
  const sum = (some: typeof sizes) => some.reduce((all, { bytes }) => all + bytes, 0);
  await page.context().close();
  return {
    scriptBytes: sum(sizes.filter(({ atMs }) => atMs <= done)),
    wholeBytes: sum(sizes),
    requests,
    usableMs: done - begun,
    cpuMs,
  };
}

/** From choosing another context in the menu to its balance. */
export async function switchMs(page: Page, path: string): Promise<number> {
  await page.goto(path);
  await usable(page);
  await page.getByRole('button', { name: /^Profile menu/ }).click();
  const other = page.getByRole('menuitem', { name: 'Second' });
  await other.waitFor();
  const begun = performance.now();
  await other.click();
  await page.getByRole('button', { name: /^Balance: 0 dollars/ }).waitFor();
  const ms = performance.now() - begun;
  await page.context().close();
  return ms;
}

const SCREENS = 60;

/** Scrolls a history for many screens, and gives the processor time of its longest task. */
export async function scrollMs(page: Page, path: string): Promise<number> {
  await page.goto(path);
  await page.getByRole('list', { name: 'Transactions' }).waitFor();
  const protocol = await page.context().newCDPSession(page);
  const tasks: number[] = [];
  await protocol.send('Tracing.start', {
    traceConfig: { includedCategories: ['devtools.timeline', 'disabled-by-default-devtools.timeline'] },
    transferMode: 'ReportEvents',
  });
  protocol.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value)
      if (event['name'] === 'RunTask' && typeof event['tdur'] === 'number') tasks.push(event['tdur'] / 1_000);
  });
  for (let screen = 0; screen < SCREENS; screen += 1) {
    await page.mouse.wheel(0, 800);
    await page.waitForTimeout(30);
  }
  const complete = new Promise((resolve) => protocol.once('Tracing.tracingComplete', resolve));
  await protocol.send('Tracing.end');
  await complete;
  await page.context().close();
  return Math.max(...tasks);
}

/** A balance, and a button that can be pressed. */
async function usable(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Balance: / }).waitFor();
  await page.getByRole('button', { name: '+ Add Credit to Balance' }).waitFor();
}

const QUIET_MS = 700;

/** Waits until nothing was asked for in a while. */
async function settled(page: Page, requests: () => number): Promise<void> {
  for (let seen = -1; seen !== requests(); ) {
    seen = requests();
    await page.waitForTimeout(QUIET_MS);
  }
}

async function taskMs(protocol: CDPSession): Promise<number> {
  const { metrics } = await protocol.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1_000;
}
