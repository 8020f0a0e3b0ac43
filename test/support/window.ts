// A window of somebody: a browser context of its own that keeps what it was told, and what must not happen in it.
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { type Auth, cookiePrefix } from '../../api/auth.ts';
import type { TestCoffer } from './coffer.ts';
import { signIn } from './people.ts';

export interface Window {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Everything that the servers told this window so far: bodies of answers, and live events. */
  told(): Promise<string>;
  /** Faults that this test brings about itself; without a call there may be none. */
  expectFaults(pattern: RegExp): void;
  /** Page errors, all that the browser's console complains of, breaches of the content policy, requests that fail or go to strangers. */
  faults(): string[];
}

const TELL_BREACHES = `document.addEventListener('securitypolicyviolation', (breach) =>
  console.error('content policy: ' + breach.violatedDirective + ' ' + breach.blockedURI));`;

const WAIT_MS = 20_000;

/** Opens the first page of a context of its own, and watches it and every page it opens. */
export async function openWindow(
  browser: Browser,
  { url, sandboxUrl }: Pick<TestCoffer, 'url' | 'sandboxUrl'>,
  options?: BrowserContextOptions,
): Promise<Window> {
  const context = await browser.newContext({
    baseURL: url,
    locale: 'en-US',
    timezoneId: 'UTC',
    colorScheme: 'light',
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 860 },
    ...options,
  });
  context.setDefaultTimeout(WAIT_MS);
  const origins = [url, sandboxUrl, sandboxUrl.replace('127.0.0.1', 'localhost')];
  const faults: string[] = [];
  const expected: RegExp[] = [];
  const told: Promise<string>[] = [];

  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && !origins.includes(origin))
      faults.push(`a request to ${request.url()}`);
  });
  context.on('response', (response) => {
    // that an act is refused, or a session over, is part of the conversation; that a page asks for what is not there is not
    const method = response.request().method();
    const status = response.status();
    if (status >= (method === 'GET' ? 400 : 500) && status !== 401)
      faults.push(`${status} of ${method} ${response.url()}`);
    const type = response.headers()['content-type'] ?? '';
    if (/json|html|csv/.test(type)) told.push(response.text().catch(() => ''));
  });
  context.on('weberror', (error) => faults.push(`page error: ${error.error().stack}`));
  context.on('console', (message) => {
    // answers of 4xx and 5xx are noted above
    if (/^(error|warning)$/.test(message.type()) && !message.text().startsWith('Failed to load resource'))
      faults.push(`console: ${message.text()}`);
  });
  context.on('requestfailed', (request) => {
    // what a page had asked for when it was left, or when the server was gone, ends so
    const failure = request.failure()?.errorText ?? '';
    if (!/ABORTED|CONNECT|EMPTY_RESPONSE|INCOMPLETE|NETWORK|net::ERR_FAILED/.test(failure))
      faults.push(`${failure} of ${request.method()} ${request.url()}`);
  });
  await context.addInitScript({ content: TELL_BREACHES });
  const page = await context.newPage();
  const protocol = await context.newCDPSession(page);
  await protocol.send('Network.enable');
  protocol.on('Network.eventSourceMessageReceived', ({ data }) => told.push(Promise.resolve(data)));
  return {
    page,
    context,
    told: async () => (await Promise.all(told)).join('\n'),
    expectFaults: (pattern) => expected.push(pattern),
    faults: () => faults.filter((fault) => !expected.some((pattern) => pattern.test(fault))),
  };
}

/** The cookie of a session that is signed in without a password. */
export async function sessionCookie(auth: Auth, url: string, { personId }: { readonly personId: string }) {
  const value = encodeURIComponent(await signIn(auth, personId));
  return { name: `${cookiePrefix(url)}.session_token`, value, url, httpOnly: true, sameSite: 'Lax' as const };
}
