// The console as the API serves it: its page at every address of a page, its scripts compressed, and both under a strict policy.
import { once } from 'node:events';
import { get } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const page = (path: string) => api.call('GET', path, { headers: { accept: 'text/html' } });

test.each([
  '/',
  '/sign-in',
  '/accounts/acme/billing',
  '/sign-in/confirm?token=x',
  '/sign-in/new-password?token=x',
])('%s is the console’s page, which runs no script but its own files', async (path) => {
  const answer = await page(path);
  const html = await answer.text();
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-cache');
  expect(html).toContain('<div id="root">');
  expect(html).not.toMatch(/<script(?![^>]* src="\/)|\son\w+=|https?:\/\//i);
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toMatch(/unsafe-eval|(default|script|connect)-src[^;]*unsafe-inline/);
});

test('a script travels compressed, whole to who cannot read that, and is kept for a year', async () => {
  const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(await (await page('/')).text()) ?? [];
  const ask = async (encoding: string) => {
    const answer = await fetch(api.url + script, { headers: { 'accept-encoding': encoding } });
    return { headers: answer.headers, text: await answer.text() };
  };
  const [whole, zipped, least] = [await ask('identity'), await ask('gzip'), await ask('gzip, br')];
  expect(whole.headers.get('content-encoding')).toBeNull();
  expect(zipped.headers.get('content-encoding')).toBe('gzip');
  expect(least.headers.get('content-encoding')).toBe('br');
  expect(zipped.text === whole.text && least.text === whole.text).toBe(true);
  for (const { headers } of [whole, zipped, least]) {
    expect(headers.get('content-type')).toContain('text/javascript');
    expect(headers.get('cache-control')).toContain('immutable');
    expect(headers.get('vary')?.toLowerCase()).toContain('accept-encoding');
  }
  for (const [form, unpack] of [
    ['gz', gunzipSync],
    ['br', brotliDecompressSync],
  ] as const) {
    const stored = await fetch(`${api.url}${script}.${form}`);
    expect(unpack(Buffer.from(await stored.arrayBuffer())).toString() === whole.text).toBe(true);
  }
});

test('the page is asked for at every visit, and sent again only when it has changed', async () => {
  const first = await page('/accounts/acme/billing');
  const etag = first.headers.get('etag') ?? '';
  expect(etag).not.toBe('');
  // as a browser asks; `fetch` would add that it wants no cached answer
  const again = get(`${api.url}/`, { headers: { accept: 'text/html', 'if-none-match': etag } });
  const [answer] = await once(again, 'response');
  answer.resume();
  expect(answer.statusCode).toBe(304);
});

test('the first script comes before every style, so that nothing keeps it waiting', async () => {
  const html = await (await page('/')).text();
  expect(html.search(/<script src="\/assets\/start/)).toBeGreaterThan(0);
  expect(html.search(/<script src="\/assets\/start/)).toBeLessThan(html.indexOf('rel="stylesheet"'));
});

test('what is none of the console’s files is a problem, not its page', async () => {
  for (const path of ['/assets/gone.js', '/assets/gone.js.gz', '/assets/'])
    expect((await page(path)).status).toBe(404);
  expect((await api.call('GET', '/accounts/acme/billing')).status).toBe(404);
});
