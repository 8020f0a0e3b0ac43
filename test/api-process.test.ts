// The API as a process: it starts whatever is away, says so, and ends in order.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { createTestDatabase } from './support/database.ts';
import { createTeam, createTestAuth, signIn, TEST_AUTH_SECRET } from './support/people.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

/** Starts `api/main.ts` and waits for the line that says where it listens. */
async function startProcess(environment: Readonly<Record<string, string | undefined>>) {
  const child = spawn(`${ROOT}node_modules/.bin/node`, ['api/main.ts'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      TEMPORAL_ADDRESS: process.env['TEMPORAL_ADDRESS'],
      STRIPE_SECRET_KEY: 'sk_test_coffer',
      STRIPE_WEBHOOK_SECRETS: 'whsec_test',
      COFFER_BASE_URL: 'http://localhost:8080',
      COFFER_PORT: '0',
      COFFER_AUTH_SECRET: TEST_AUTH_SECRET,
      ...environment,
    },
  });
  running.add(child);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    const { msg, port }: { msg?: string; port?: number } = JSON.parse(line);
    if (msg === 'listening') return { child, url: `http://127.0.0.1:${port}`, lines };
  }
  return { child, url: '', lines };
}

test('with Postgres and Temporal away it starts, answers 503 and says what is missing', async () => {
  const { child, url } = await startProcess({
    DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:9/none',
    TEMPORAL_ADDRESS: '127.0.0.1:9',
  });
  const answer = await fetch(`${url}/v1/accounts`, { headers: { authorization: 'Bearer abc.def' } });
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(await answer.json()).toMatchObject({ code: 'database-unavailable' });
  // nobody is told that they are not signed in, or that there is nothing, because nobody can know
  const headers = { authorization: 'Bearer abc.def', 'content-type': 'application/json' };
  for (const [method, path, body] of [
    ['GET', '/billing/recover/01890a5d-ac96-774b-bcce-b302099a8057', undefined],
    ['POST', '/billing/recover/01890a5d-ac96-774b-bcce-b302099a8057', undefined],
    ['POST', '/api/auth/change-password', '{"currentPassword":"x","newPassword":"a new one of mine"}'],
    ['POST', '/api/auth/update-user', '{"name":"Somebody"}'],
    ['GET', '/api/auth/get-session', undefined],
  ] as const) {
    const { status } = await fetch(url + path, { method, headers, ...(body !== undefined && { body }) });
    expect([path, status]).toEqual([path, 503]);
  }
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ checks: { postgres: 'unavailable', temporal: 'unavailable' } });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('on SIGTERM it closes streams and connections and ends', async () => {
  const database = await createTestDatabase();
  const team = await createTeam(database.pool);
  const token = await signIn(createTestAuth(database.pool), team.member.personId);
  const { child, url } = await startProcess({ DATABASE_URL: database.url });
  const stream = await fetch(`${url}/v1/accounts/${team.accountId}/events`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(stream.status).toBe(200);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await stream.text()).toContain('retry: 1000');
  await database.drop();
});

test('a wrong setting ends it with a line that names the variable and not its value', async () => {
  const { child, lines } = await startProcess({ DATABASE_URL: 'mysql://secret', COFFER_PORT: 'eighty' });
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(1);
  const text = lines.join('\n');
  expect(text).toContain('DATABASE_URL must be a URL like postgres://');
  expect(text).toContain('COFFER_PORT must be a port number');
  expect(text).not.toContain('mysql');
});
