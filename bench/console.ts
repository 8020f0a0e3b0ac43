// `npm run bench:console`: how heavy the console's first page is, how soon it is of use on a slow machine, and how a long history reads.
import { availableParallelism, loadavg } from 'node:os';
import { CommandFailed, commandLine, runCommand } from '../dev/command.ts';
import { chromiumPath, launchChromium, NO_CHROMIUM } from '../test/support/chromium.ts';
import { startTestCoffer } from '../test/support/coffer.ts';
import { seedStory } from '../test/support/console-story.ts';
import { createOrganization, createTestAuth, signIn } from '../test/support/people.ts';
import { openWindow, sessionCookie } from '../test/support/window.ts';
import { firstVisit, scrollMs, switchMs, type Visited } from './console-visit.ts';
import { LINES, type LongHistory, seedLongHistory } from './long-history.ts';

const HELP = `
Usage: npm run bench:console -- [--quick]

Measures the web console in Chromium, on Postgres, Temporal, API and worker of its own:

  script      what Billing loads of script before it is of use, compressed with gzip (aim: at most 190 KB)
  whole       what it has loaded when it has nothing more to do: with the menus that wait for a press
  requests    how many files and answers that are
  cpu         processor time of the page's main thread until then, on a CPU as it is; other programs hardly change it
  usable      from the first byte asked for to a balance and a button to press, on a CPU slowed down 4 times (1.3 s)
  switch      from choosing another context in the profile menu to its balance (300 ms)
  scroll      processor time of the longest task while a history of ${LINES.toLocaleString('en')} lines is scrolled (33 ms)
  read …      how long the API takes for what the pages ask for, in an account with that history (100 ms)

Medians of 5 rounds with the least and the most; the load of the machine stands below. Nothing fails when an aim is
missed: a busy machine is no fault of the console. --quick leaves out the long history, which takes a minute to make.`;

const ROUNDS = 5;

await runCommand(HELP, async () => {
  const { values } = commandLine({ options: { quick: { type: 'boolean', default: false } } });
  const executable = chromiumPath();
  if (executable === undefined) throw new CommandFailed(NO_CHROMIUM);
  const before = loadavg();
  await measure(executable, values.quick);
  sayLoad(before);
  return 0;
});

async function measure(executable: string, isQuick: boolean): Promise<void> {
  const coffer = await startTestCoffer({ ownPostgres: true, ownTemporal: true, worker: true, sandbox: true });
  const browser = await launchChromium(executable);
  try {
    const auth = createTestAuth(coffer.pool, coffer.url);
    const story = await seedStory({ coffer, tokenOf: ({ personId }) => signIn(auth, personId) });
    const second = await createOrganization(coffer.pool, story.owner.personId, 'Second');
    const cookie = await sessionCookie(auth, coffer.url, story.owner);
    const open = async () => {
      const { page, context } = await openWindow(browser, coffer);
      await context.addCookies([cookie]);
      return page;
    };
    const billing = `/accounts/${story.slug}/billing`;
    const visits = async (slower: number) =>
      await times(async () => await firstVisit(await open(), billing, slower));
    // the first one finds an API that has served nobody yet
    await firstVisit(await open(), billing, 1);
    sayVisits(await visits(1), await visits(4));
    say('switch', 'ms', 300, await times(async () => await switchMs(await open(), billing)));
    if (isQuick) return;
    const history = await seedLongHistory(coffer.pool, second);
    say('scroll', 'ms', 33, await times(async () => await scrollMs(await open(), history.page)));
    await sayReads(coffer.url, await signIn(auth, story.owner.personId), history);
  } finally {
    await browser.close();
    await coffer.stop();
  }
}

function sayVisits(quick: readonly Visited[], slow: readonly Visited[]): void {
  say(
    'script',
    'KB',
    190,
    quick.map(({ scriptBytes }) => scriptBytes / 1_000),
  );
  say(
    'whole',
    'KB',
    undefined,
    quick.map(({ wholeBytes }) => wholeBytes / 1_000),
  );
  say(
    'requests',
    '',
    undefined,
    quick.map(({ requests }) => requests),
  );
  say(
    'cpu',
    'ms',
    undefined,
    quick.map(({ cpuMs }) => cpuMs),
  );
  say(
    'usable',
    'ms',
    1_300,
    slow.map(({ usableMs }) => usableMs),
  );
}

async function sayReads(url: string, token: string, { reads }: LongHistory): Promise<void> {
  for (const [name, path] of Object.entries(reads)) {
    const once = async () => {
      const begun = performance.now();
      const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
      await answer.arrayBuffer();
      if (!answer.ok && answer.status !== 404) throw new Error(`${answer.status} of ${path}`);
      return performance.now() - begun;
    };
    await once();
    say(`read ${name}`, 'ms', 100, await times(once));
  }
}

async function times<T>(once: () => Promise<T>): Promise<T[]> {
  const found: T[] = [];
  for (let round = 0; round < ROUNDS; round += 1) found.push(await once());
  return found;
}

function say(name: string, unit: string, aim: number | undefined, found: readonly number[]): void {
  const sorted = [...found].sort((a, b) => a - b);
  const shown = (at: number) => (sorted[at] ?? Number.NaN).toFixed(0);
  const spread = `${shown(0)} to ${shown(sorted.length - 1)}`;
  const aimed = aim === undefined ? '' : `(aim: ${aim})`;
  console.log(
    `${name.padEnd(24)} ${shown(Math.floor(sorted.length / 2)).padStart(6)} ${unit.padEnd(3)} ${spread.padEnd(16)} ${aimed}`.trimEnd(),
  );
}

/** A figure is worth what the machine was free for: half a core for whoever else is on it. */
function sayLoad(before: readonly number[]): void {
  const cores = availableParallelism();
  const [was, is] = [before[0] ?? 0, loadavg()[0] ?? 0];
  console.log(`\nload average ${was.toFixed(1)} before and ${is.toFixed(1)} after, on ${cores} cores`);
  if (was > cores / 4)
    console.log(
      'The machine was busy before this began: take the times for upper bounds, and cpu and KB as they are.',
    );
}
