// The console in a real browser: one whole Coffer and one Chromium for the tests of a file, and windows of people in it.
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { BrowserContextOptions } from 'playwright-core';
import { Mailbox } from '../../dev/mail/mailbox.ts';
import { startSmtp } from '../../dev/mail/smtp.ts';
import { chromiumPath, launchChromium, NO_CHROMIUM } from './chromium.ts';
import { startTestCoffer, type TestCoffer } from './coffer.ts';
import { createTestAuth, signIn } from './people.ts';
import { until } from './soak.ts';
import { openWindow, sessionCookie, type Window } from './window.ts';

export interface TestConsole {
  readonly coffer: TestCoffer;
  readonly url: string;
  /** A window of a person who is signed in, or of nobody. It closes with the test. */
  open(person?: { readonly personId: string }, options?: BrowserContextOptions): Promise<Window>;
  /** A bearer token of a person. */
  tokenOf(person: { readonly personId: string }): Promise<string>;
  /** The link in the newest mail to an address whose subject matches, waiting until it is there. */
  linkTo(email: string, subject: RegExp): Promise<string>;
}

interface RunningConsole extends TestConsole {
  readonly windows: Window[];
  stop(): Promise<void>;
}

/** A test of a file that shares one Coffer and one Chromium. */
export type Flow = (name: string, work: (world: TestConsole) => Promise<void>, timeoutMs?: number) => void;

export const RESULTS = 'test-results';
const FLOW_MS = 60_000;

/**
 * The `test` of a file whose tests need a browser. Each of them fails on errors of its pages too. Without a Chromium
 * they are skipped, which the run's closing lines say, and fail where `CI` is set.
 */
export function browserTests(): Flow {
  const executable = chromiumPath();
  if (executable === undefined) return withoutChromium();
  let world: RunningConsole | undefined;
  beforeAll(async () => {
    world = await startConsole(executable);
  }, 180_000);
  afterAll(() => world?.stop(), 30_000);
  return (name, work, timeoutMs = FLOW_MS) => {
    test(
      name,
      async () => {
        if (world === undefined) throw new Error('the console was not started');
        try {
          await work(world);
          expect(world.windows.flatMap((window) => window.faults())).toEqual([]);
        } catch (error) {
          await keepSight(world.windows, name);
          throw error;
        } finally {
          for (const { context } of world.windows.splice(0)) await context.close();
        }
      },
      timeoutMs,
    );
  };
}

function withoutChromium(): Flow {
  const isCi = (process.env['CI'] ?? '') !== '';
  return (name) => {
    if (!isCi) test.skip(name, () => undefined);
    else
      test(name, () => {
        throw new Error(NO_CHROMIUM);
      });
  };
}

async function startConsole(executable: string): Promise<RunningConsole> {
  const mails = await startMail();
  const [coffer, browser] = await Promise.all([
    startTestCoffer({
      worker: true,
      sandbox: true,
      environment: {
        SMTP_URL: `smtp://127.0.0.1:${mails.port}`,
        SETTLEMENT_INTERVAL_MS: '500',
        COFFER_RATE_LIMITS: 'sign-up=1000/60,mails-from-address=1000/60,top-ups=1000/60',
      },
    }),
    launchChromium(executable),
  ]);
  const auth = createTestAuth(coffer.pool, coffer.url);
  const windows: Window[] = [];
  return {
    coffer,
    url: coffer.url,
    windows,
    async open(person, options) {
      const window = await openWindow(browser, coffer, options);
      windows.push(window);
      if (person !== undefined)
        await window.context.addCookies([await sessionCookie(auth, coffer.url, person)]);
      return window;
    },
    tokenOf: ({ personId }) => signIn(auth, personId),
    linkTo: (email, subject) => mails.linkTo(email, subject),
    async stop() {
      await browser.close();
      await coffer.stop();
      await mails.close();
    },
  };
}

/** A mailbox that is read by address and subject. */
async function startMail() {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-mails-'));
  const mailbox = new Mailbox(`${folder}/mails.jsonl`);
  const smtp = await startSmtp(mailbox, 0);
  return {
    port: smtp.port,
    async linkTo(email: string, subject: RegExp): Promise<string> {
      const found = () => mailbox.list(email).find((mail) => subject.test(mail.subject));
      await until(`a mail to ${email} about ${subject}`, async () => found() !== undefined);
      const [link = ''] = /https?:\/\/\S+/.exec(found()?.text ?? '') ?? [];
      return link;
    },
    async close() {
      await smtp.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the windows showed when a test failed, as pictures in test-results. */
async function keepSight(windows: readonly Window[], name: string): Promise<void> {
  mkdirSync(`${RESULTS}/failures`, { recursive: true });
  const file = name.replaceAll(/\W+/g, '-').slice(0, 80);
  for (const [at, { page }] of windows.entries()) {
    const path = `${RESULTS}/failures/${file}-${at + 1}.png`;
    await page.screenshot({ path }).catch(() => undefined);
    process.stderr.write(`${path}: ${page.url()}\n`);
  }
}
