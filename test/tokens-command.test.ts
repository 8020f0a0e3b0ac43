// `npm run tokens`: what whoever runs the deployment types, and what they see.
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { secretKind } from '../ledger/secrets.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createOrganizationToken, createTeam } from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';
import { until } from './support/soak.ts';

let database: TestDatabase;
let api: PeopleApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

test('a token is made, used, listed and revoked, its secret printed once and alone on the output', async () => {
  const made = await tokens(
    'create',
    '--kind',
    'operator',
    '--name',
    'on call',
    '--scopes',
    'read',
    '--expires',
    '90d',
  );
  expect(made.code).toBe(0);
  const secret = made.stdout.trim();
  expect(secretKind(secret)).toBe('operator');
  const team = await createTeam(database.pool);
  await createOrganizationToken(database.pool, team.organizationId);
  const path = `/v1/accounts/${team.accountId}`;
  expect((await api.call('GET', path, { as: secret })).status).toBe(200);
  expect(
    (await api.call('POST', `/v1/operator/accounts/${team.accountId}/grants`, { as: secret })).status,
  ).toBe(403);

  const listed = await tokens('list');
  expect(listed.code).toBe(0);
  expect(listed.stdout.trim().split('\n')).toEqual([
    expect.stringMatching(
      /^[0-9a-f-]{36} {2}operator {2}cof_operator_\w{6}… {2}read {2}expires \S+ {2}.*on call$/,
    ),
  ]);
  expect(listed.stdout).not.toContain(secret.slice(-20));

  const [id = ''] = listed.stdout.split(' ');
  expect(await tokens('revoke', id)).toMatchObject({ code: 0, stdout: `${id} is revoked.\n` });
  await until(
    'the API to refuse it',
    async () => (await api.call('GET', path, { as: secret })).status === 401,
  );
  expect((await api.call('GET', path, { as: secret })).body.code).toBe('token-revoked');
  expect((await tokens('list')).stdout).toContain('revoked ');
  expect(await tokens('revoke', id)).toMatchObject({ code: 1, stderr: expect.stringContaining('no token') });

  const { rows } = await database.pool.query(
    `select account_id, actor_kind, actor_id, action from audit_lines where subject_id = $1 order by position`,
    [id],
  );
  expect(rows).toEqual([
    { account_id: null, actor_kind: 'system', actor_id: null, action: 'token.created' },
    { account_id: null, actor_kind: 'system', actor_id: null, action: 'token.revoked' },
  ]);
});

test('a token of an organization is not the command’s to revoke', async () => {
  const team = await createTeam(database.pool);
  const secret = await createOrganizationToken(database.pool, team.organizationId);
  const { rows } = await database.pool.query('select id from service_tokens where organization_id = $1', [
    team.organizationId,
  ]);
  expect((await tokens('revoke', rows[0].id)).code).toBe(1);
  expect((await api.call('GET', `/v1/accounts/${team.accountId}`, { as: secret })).status).toBe(200);
});

test.each<[string, string[], string]>([
  ['no verb', [], 'create|list|revoke'],
  ['a verb that there is not', ['delete'], 'create|list|revoke'],
  ['no kind', ['create', '--name', 'x'], '--kind'],
  ['an organization’s kind', ['create', '--kind', 'organization', '--name', 'x'], '--kind'],
  ['no name', ['create', '--kind', 'gateway'], '--name'],
  ['a foreign scope', ['create', '--kind', 'gateway', '--name', 'x', '--scopes', 'money'], '--scopes'],
  ['an operator without an end', ['create', '--kind', 'operator', '--name', 'x'], '--expires'],
  [
    'an operator for longer than a year',
    ['create', '--kind', 'operator', '--name', 'x', '--expires', '367d'],
    '366d',
  ],
  [
    'an end that is no time',
    ['create', '--kind', 'gateway', '--name', 'x', '--expires', 'soon'],
    '--expires',
  ],
  ['an id that is none', ['revoke', 'x'], 'revoke'],
  ['too much', ['list', 'all'], 'create|list|revoke'],
])('with %s nothing is made, and one line says why', async (_what, words, why) => {
  const count = async () => (await database.pool.query('select id from service_tokens')).rows.length;
  const before = await count();
  const { code, stdout, stderr } = await tokens(...words);
  expect({ code, stdout, lines: stderr.trim().split('\n').length }).toEqual({
    code: 1,
    stdout: '',
    lines: 1,
  });
  expect(stderr).toContain(why);
  expect(await count()).toBe(before);
});

test('it says how it is used', async () => {
  const { code, stdout } = await tokens('--help');
  expect(code).toBe(0);
  expect(stdout).toContain('npm run tokens -- create');
});

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function tokens(...words: string[]): Promise<Ran> {
  const child = spawn(process.execPath, ['dev/tokens.ts', ...words], {
    env: { ...process.env, NODE_OPTIONS: '', DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (out.stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...out }));
  });
}
