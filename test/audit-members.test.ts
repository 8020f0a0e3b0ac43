// The audit of members, invitations, keys and tokens: each act by a route is one line for each thing that it changed.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SYSTEM } from '../ledger/acting.ts';
import { erasePerson } from '../ledger/erasure.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createPerson, createTeam, createTestAuth, signIn, type TestOrganization } from './support/people.ts';

let database: TestDatabase;
let api: TestApi;
let team: TestOrganization;
let owner: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  team = await createTeam(database.pool);
  owner = await signIn(createTestAuth(database.pool), team.owner.personId);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

interface Line {
  action: string;
  actor: { kind: string; id: string | null; name: string | null };
  subject: { kind: string; id: string; name: string | null };
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

const audit = async (query = ''): Promise<Line[]> =>
  (await api.json('GET', `/v1/accounts/${team.accountId}/audit?limit=500${query}`, { token: owner })).body
    .items;

/** What the owner does, and the lines that it left, oldest first. */
async function linesOf(method: string, path: string, body?: unknown): Promise<{ id: string; lines: Line[] }> {
  const before = (await audit()).length;
  const answer = await api.call(method, path, { token: owner, body });
  const text = await answer.text();
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  const all = await audit();
  return {
    id: text === '' ? '' : String(JSON.parse(text).id),
    lines: all.slice(0, all.length - before).reverse(),
  };
}

const actions = (lines: Line[]) => lines.map(({ action }) => action);

test('keys: made, renamed, limited, rotated, handed over and revoked', async () => {
  const keys = `/v1/accounts/${team.accountId}/api-keys`;
  const { id, lines } = await linesOf('POST', keys, { name: 'nightly' });
  expect(lines).toMatchObject([
    {
      action: 'api-key.created',
      actor: { kind: 'person', id: team.owner.personId, name: 'Olga Owner' },
      subject: { kind: 'api-key', id, name: 'nightly' },
      after: { name: 'nightly', member: { id: team.owner.personId, name: 'Olga Owner' } },
    },
  ]);
  expect(actions((await linesOf('PATCH', `${keys}/${id}`, { name: 'hourly' })).lines)).toEqual([
    'api-key.renamed',
  ]);
  expect(actions((await linesOf('PATCH', `${keys}/${id}`, { name: 'hourly' })).lines)).toEqual([]);
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  expect(actions((await linesOf('PATCH', `${keys}/${id}`, { expiresAt })).lines)).toEqual([
    'api-key.expiry-changed',
  ]);
  expect(actions((await linesOf('POST', `${keys}/${id}/rotate`, { graceSeconds: 60 })).lines)).toEqual([
    'api-key.rotated',
  ]);
  const handed = await linesOf('POST', `${keys}/${id}/hand-over`, { memberId: team.member.personId });
  expect(handed.lines).toMatchObject([
    {
      action: 'api-key.handed-over',
      before: { member: { name: 'Olga Owner' } },
      after: { member: { id: team.member.personId, name: 'Max Member' } },
    },
  ]);
  expect(actions((await linesOf('DELETE', `${keys}/${id}`)).lines)).toEqual(['api-key.revoked']);
});

test('tokens: made and revoked', async () => {
  const tokens = `/v1/organizations/${team.organizationId}/tokens`;
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const { id, lines } = await linesOf('POST', tokens, { name: 'exporter', scopes: ['read'], expiresAt });
  expect(lines).toMatchObject([
    {
      action: 'token.created',
      subject: { kind: 'token', id, name: 'exporter' },
      after: { scopes: ['read'] },
    },
  ]);
  expect(actions((await linesOf('DELETE', `${tokens}/${id}`)).lines)).toEqual(['token.revoked']);
});

test('invitations are told by their address, until whom it belongs to is erased', async () => {
  const invitations = `/v1/organizations/${team.organizationId}/invitations`;
  const invited = await createPerson(database.pool, 'Ivo Invited');
  const { id, lines } = await linesOf('POST', invitations, { email: invited.email, role: 'admin' });
  expect(lines).toMatchObject([
    {
      action: 'invitation.sent',
      subject: { kind: 'invitation', id, name: invited.email },
      after: { role: 'admin' },
    },
  ]);
  expect(actions((await linesOf('POST', `${invitations}/${id}/resend`)).lines)).toEqual([
    'invitation.resent',
  ]);
  expect(actions((await linesOf('DELETE', `${invitations}/${id}`)).lines)).toEqual(['invitation.revoked']);
  await erasePerson(database.pool, SYSTEM, { personId: invited.personId }, new Date());
  const told = await audit(`&subjectId=${id}`);
  expect(told.map(({ subject }) => subject.name)).toEqual([
    'former member',
    'former member',
    'former member',
  ]);
  expect(JSON.stringify(await audit())).not.toContain(invited.email);
});

test('members: a role that changes is one line, and a removal is one for the member and one for each of their keys', async () => {
  const { organizationId, accountId } = team;
  const person = await createPerson(database.pool, 'Rita Removed');
  await database.pool.query(
    `insert into auth.members (id, organization_id, person_id, role, created_at) values (gen_random_uuid(), $1, $2, 'member', now())`,
    [organizationId, person.personId],
  );
  const token = await signIn(createTestAuth(database.pool), person.personId);
  for (const name of ['one', 'two'])
    await api.json('POST', `/v1/accounts/${accountId}/api-keys`, { token, body: { name } });
  const path = `/v1/organizations/${organizationId}/members/${person.personId}`;
  const raised = await linesOf('PATCH', path, { role: 'admin' });
  expect(raised.lines).toMatchObject([
    { action: 'member.role-changed', before: { role: 'member' }, after: { role: 'admin' } },
  ]);
  expect((await linesOf('PATCH', path, { role: 'admin' })).lines).toEqual([]);
  const removed = await linesOf('DELETE', path);
  expect(actions(removed.lines).sort()).toEqual(['api-key.revoked', 'api-key.revoked', 'member.removed']);
  for (const line of removed.lines) expect(line.actor.id).toBe(team.owner.personId);
});

test('an organization: renamed by its owner, with the name before and after', async () => {
  const { lines } = await linesOf('PATCH', `/v1/organizations/${team.organizationId}`, {
    name: 'Acme & Sons',
  });
  expect(lines).toMatchObject([
    {
      action: 'organization.renamed',
      subject: { kind: 'organization', id: team.organizationId, name: 'Acme & Sons' },
      before: { name: 'Acme' },
      after: { name: 'Acme & Sons' },
    },
  ]);
});

test('no line holds an e-mail address or a secret', async () => {
  const { rows } = await database.pool.query<{ line: string }>('select l::text as line from audit_lines l');
  expect(rows.length).toBeGreaterThan(20);
  for (const { line } of rows) expect(line).not.toMatch(/@|cof_[a-z]+_\w{7}/);
});
