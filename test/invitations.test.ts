// Invitations: mailed with a link that works once, for one address and for seven days, and that can be taken back.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sendNotices } from '../activities/mail/send-notices.ts';
import { startTestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { audited, membershipState, secretFor } from './support/membership.ts';
import { createPerson, createTeam, signIn, type TestOrganization } from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';
import { browser, linkIn, PASSWORD } from './support/sign-in.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const START = new Date('2026-03-01T12:00:00Z');

let database: TestDatabase;
let api: PeopleApi;
let team: TestOrganization;
let now = START;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database, () => now);
});
afterAll(async () => {
  await api.close();
  await database.drop();
});
beforeEach(async () => {
  now = START;
  team = await createTeam(database.pool);
});

const path = (rest = '') => `/v1/organizations/${team.organizationId}/invitations${rest}`;

function invite(email: string, role = 'member', as = team.owner.personId) {
  return api.call('POST', path(), { as, body: { email, role } });
}

function answer(secret: string, how: 'accept' | 'decline', as?: string) {
  return api.call('POST', `/v1/invitations/${secret}/${how}`, as === undefined ? {} : { as });
}

async function mails(): Promise<{ to: string; subject: string; text: string }[]> {
  const sent: { to: string; subject: string; text: string }[] = [];
  const mail = {
    async sendMail(message: { to?: unknown; subject?: string; text?: unknown }) {
      sent.push({
        to: JSON.stringify(message.to),
        subject: message.subject ?? '',
        text: String(message.text),
      });
    },
  };
  const transport: Parameters<typeof sendNotices>[0]['mail'] = Object(mail);
  await sendNotices(
    {
      pool: database.pool,
      clock: () => now,
      mail: transport,
      from: 'x@example.com',
      baseUrl: 'http://localhost:8080',
    },
    50,
  );
  return sent;
}

test('who is invited gets a mail with a link, accepts, and is a member in that role', async () => {
  const guest = await createPerson(database.pool, 'Gina Guest');
  const made = await invite(guest.email.toUpperCase(), 'admin');
  expect(made).toMatchObject({
    status: 201,
    body: {
      email: guest.email,
      role: 'admin',
      state: 'pending',
      sends: 1,
      invitedBy: { name: 'Olga Owner' },
    },
  });
  const mail = (await mails()).find(({ to }) => to.includes(guest.email));
  expect(mail?.subject).toBe('Olga Owner invites you to Acme');
  const secret = /http:\/\/localhost:8080\/invitations\/(\S+)/.exec(mail?.text ?? '')?.[1] ?? '';
  expect(JSON.stringify(made.body)).not.toContain(secret);

  const seen = await api.call('GET', `/v1/invitations/${secret}`);
  expect(seen).toMatchObject({
    status: 200,
    body: {
      organization: { id: team.organizationId, name: 'Acme' },
      role: 'admin',
      invitedBy: { name: 'Olga Owner' },
      email: guest.email,
      state: 'pending',
      expiresAt: new Date(START.getTime() + 7 * DAY_MS).toISOString(),
    },
  });
  expect((await answer(secret, 'accept')).status).toBe(401);
  expect((await answer(secret, 'accept', guest.personId)).body).toEqual({
    organizationId: team.organizationId,
  });
  expect((await api.call('GET', '/v1/me', { as: guest.personId })).body.organizations).toMatchObject([
    { id: team.organizationId, role: 'admin', accountId: team.accountId },
  ]);
  expect((await answer(secret, 'accept', guest.personId)).body.code).toBe('invitation-over');
  expect((await api.call('GET', `/v1/invitations/${secret}`)).body.state).toBe('accepted');
  expect((await audited(database.pool, team.accountId)).slice(-2)).toEqual([
    ['invitation.sent', team.owner.personId],
    ['member.joined', guest.personId],
  ]);
});

test('the secret stands nowhere once the mail is out, and no address stands in the audit', async () => {
  const email = 'nowhere@example.com';
  await invite(email);
  const secret = await secretFor(database.pool, email);
  await mails();
  const { rows } = await database.pool.query<{ text: string }>(
    `select n::text as text from notices n union all select i::text from auth.invitations i
     union all select l::text from audit_lines l`,
  );
  const text = rows.map((row) => row.text).join('\n');
  expect(text).not.toContain(secret);
  const lines = await database.pool.query<{ text: string }>('select l::text as text from audit_lines l');
  expect(lines.rows.map((row) => row.text).join('\n')).not.toContain(email);
});

test('an invitation is answered by nobody but the person of its verified address', async () => {
  const guest = await createPerson(database.pool);
  await invite(guest.email);
  const secret = await secretFor(database.pool, guest.email);
  const before = await membershipState(database.pool, team.organizationId);
  for (const how of ['accept', 'decline'] as const)
    expect((await answer(secret, how, team.outsider.personId)).body.code).toBe('invitation-not-yours');
  await database.pool.query('update auth.people set email_verified = false where id = $1', [guest.personId]);
  expect((await answer(secret, 'accept', guest.personId)).body.code).toBe('invitation-not-yours');
  expect((await api.call('GET', '/v1/me/invitations', { as: guest.personId })).body.items).toEqual([]);
  expect(await membershipState(database.pool, team.organizationId)).toEqual(before);
  await database.pool.query('update auth.people set email_verified = true where id = $1', [guest.personId]);
  expect((await answer(secret, 'accept', guest.personId)).status).toBe(200);
});

test('whoever has no account signs up on the way: the link works once the address is confirmed, and not before', async () => {
  const email = 'new.person@example.com';
  await invite(email);
  const link = `/v1/invitations/${await secretFor(database.pool, email)}`;
  const whole = await startTestApi(database, { clock: () => now });
  try {
    const tab = browser(whole);
    expect((await tab.get(link)).body.email).toBe(email);
    const account = { name: 'New Person', email, password: PASSWORD };
    expect((await tab.post('/api/auth/sign-up/email', account)).status).toBe(200);
    expect((await tab.post(`${link}/accept`)).status).toBe(401);
    await tab.confirm(await linkIn(database.pool, email, 'verify-email'));
    expect((await tab.get('/v1/me/invitations')).body.items).toHaveLength(1);
    expect((await tab.post(`${link}/accept`)).body).toEqual({ organizationId: team.organizationId });
    expect((await tab.get('/v1/me')).body.organizations).toMatchObject([
      { id: team.organizationId, role: 'member' },
    ]);
  } finally {
    await whole.close();
  }
});

test('who is signed in finds what waits for them, and answers it without the link', async () => {
  const guest = await createPerson(database.pool);
  const other = await createTeam(database.pool);
  await invite(guest.email, 'admin');
  await api.call('POST', `/v1/organizations/${other.organizationId}/invitations`, {
    as: other.admin.personId,
    body: { email: guest.email },
  });
  const mine = async () => (await api.call('GET', '/v1/me/invitations', { as: guest.personId })).body.items;
  const [second, first] = await mine();
  expect([first.organization.id, second.organization.id]).toEqual([
    team.organizationId,
    other.organizationId,
  ]);
  const respond = (id: string, how: string, as = guest.personId) =>
    api.call('POST', `/v1/me/invitations/${id}/${how}`, { as });
  expect((await respond(first.id, 'accept', team.outsider.personId)).body.code).toBe('invitation-not-found');
  expect((await respond('x', 'accept')).body.code).toBe('invitation-not-found');
  expect((await respond(team.organizationId, 'accept')).body.code).toBe('invitation-not-found');
  expect((await respond(first.id, 'accept')).status).toBe(200);
  expect((await respond(second.id, 'decline')).status).toBe(204);
  expect((await respond(second.id, 'accept')).body.code).toBe('invitation-over');
  expect(await mine()).toEqual([]);
  expect((await audited(database.pool, other.accountId)).at(-1)).toEqual([
    'invitation.declined',
    guest.personId,
  ]);
});

test('an invitation expires after seven days and can be sent again, which makes the old link dead', async () => {
  const guest = await createPerson(database.pool);
  const { id } = (await invite(guest.email)).body;
  const old = await secretFor(database.pool, guest.email);
  now = new Date(START.getTime() + 7 * DAY_MS);
  expect((await answer(old, 'accept', guest.personId)).body.code).toBe('invitation-over');
  expect((await api.call('GET', `/v1/invitations/${old}`)).body.state).toBe('expired');
  const listed = async (state: string) =>
    (await api.call('GET', path(`?state=${state}`), { as: team.admin.personId })).body.items.length;
  expect([await listed('pending'), await listed('expired'), await listed('all')]).toEqual([0, 1, 1]);

  const again = await api.call('POST', path(`/${id}/resend`), { as: team.admin.personId });
  expect(again).toMatchObject({
    status: 200,
    body: { state: 'pending', sends: 2, expiresAt: new Date(now.getTime() + 7 * DAY_MS).toISOString() },
  });
  expect((await api.call('GET', `/v1/invitations/${old}`)).body.code).toBe('invitation-not-found');
  expect((await answer(old, 'accept', guest.personId)).body.code).toBe('invitation-not-found');
  const sent = (await mails()).filter(({ to }) => to.includes(guest.email));
  expect(sent).toHaveLength(1);
  expect(sent[0]?.text).not.toContain(old);
  const fresh = /invitations\/(\S+)/.exec(sent[0]?.text ?? '')?.[1] ?? '';
  expect((await answer(fresh, 'accept', guest.personId)).status).toBe(200);
  expect((await api.call('POST', path(`/${id}/resend`), { as: team.admin.personId })).body.code).toBe(
    'invitation-over',
  );
  expect((await audited(database.pool, team.accountId)).slice(-3).map(([action]) => action)).toEqual([
    'invitation.sent',
    'invitation.resent',
    'member.joined',
  ]);
});

test('who was invited long ago is invited anew, once', async () => {
  const email = 'later@example.com';
  const { id } = (await invite(email)).body;
  expect((await invite(email, 'admin')).body.code).toBe('already-invited');
  now = new Date(START.getTime() + 8 * DAY_MS);
  expect(await invite(email, 'admin')).toMatchObject({ status: 201, body: { role: 'admin' } });
  const { body } = await api.call('POST', path(`/${id}/resend`), { as: team.owner.personId });
  expect(body).toMatchObject({
    code: 'invitation-over',
    detail: 'The invitation was replaced by a newer one.',
  });
});

test('an invitation that is taken back is over, its mail is not sent, and taking it back again changes nothing', async () => {
  const guest = await createPerson(database.pool);
  const { id } = (await invite(guest.email)).body;
  const secret = await secretFor(database.pool, guest.email);
  const revoke = () => api.call('DELETE', path(`/${id}`), { as: team.admin.personId });
  expect((await revoke()).status).toBe(204);
  expect((await revoke()).status).toBe(204);
  expect((await mails()).filter(({ to }) => to.includes(guest.email))).toEqual([]);
  expect((await answer(secret, 'accept', guest.personId)).body).toMatchObject({
    code: 'invitation-over',
    detail: 'The invitation was revoked.',
  });
  const lines = await audited(database.pool, team.accountId);
  expect(lines.filter(([action]) => action === 'invitation.revoked')).toEqual([
    ['invitation.revoked', team.admin.personId],
  ]);
  expect((await invite(guest.email)).status).toBe(201);
});

test('an invitation ends with the right to make it', async () => {
  await invite('by-admin@example.com', 'member', team.admin.personId);
  await api.call('PATCH', `/v1/organizations/${team.organizationId}/members/${team.admin.personId}`, {
    as: team.owner.personId,
    body: { role: 'member' },
  });
  expect((await membershipState(database.pool, team.organizationId)).invitations).toMatchObject([
    { email: 'by-admin@example.com', status: 'revoked' },
  ]);
  expect((await invite('again@example.com', 'member', team.admin.personId)).status).toBe(403);
});

test('only owners invite owners, send such invitations again or take them back', async () => {
  expect((await invite('boss@example.com', 'owner', team.admin.personId)).status).toBe(403);
  const { id } = (await invite('boss@example.com', 'owner')).body;
  const before = await membershipState(database.pool, team.organizationId);
  expect((await api.call('POST', path(`/${id}/resend`), { as: team.admin.personId })).status).toBe(403);
  expect((await api.call('DELETE', path(`/${id}`), { as: team.admin.personId })).status).toBe(403);
  for (const as of [team.member.personId]) {
    expect((await invite('x@example.com', 'member', as)).status).toBe(403);
    expect((await api.call('GET', path(), { as })).status).toBe(403);
  }
  expect(await membershipState(database.pool, team.organizationId)).toEqual(before);
});

test('members are not invited, and do not accept what was sent to an address they took later', async () => {
  expect((await invite(team.member.email)).body.code).toBe('already-member');
  const email = 'second.address@example.com';
  await invite(email, 'owner');
  const secret = await secretFor(database.pool, email);
  await database.pool.query('update auth.people set email = $2 where id = $1', [team.member.personId, email]);
  const before = await membershipState(database.pool, team.organizationId);
  expect((await answer(secret, 'accept', team.member.personId)).body.code).toBe('already-member');
  expect(await membershipState(database.pool, team.organizationId)).toEqual(before);
  expect((await answer(secret, 'decline', team.member.personId)).status).toBe(204);
});

test('at most a hundred wait for an answer, and those that have expired do not count', async () => {
  await database.pool.query(
    `insert into auth.invitations (id, organization_id, email, role, inviter_id, secret_hash, created_at, sent_at, expires_at)
     select gen_random_uuid(), $1::uuid, format('guest-%s@example.com', n), 'member', $2::uuid, sha256(convert_to(n || ($1::uuid)::text, 'UTF8')),
       $3::timestamptz, $3::timestamptz, $3::timestamptz + interval '7 days'
     from generate_series(1, 100) n`,
    [team.organizationId, team.owner.personId, START],
  );
  expect((await invite('one-more@example.com')).body.code).toBe('too-many-invitations');
  now = new Date(START.getTime() + 8 * DAY_MS);
  expect((await invite('one-more@example.com')).status).toBe(201);
});

test('the same Idempotency-Key sends one invitation', async () => {
  const request = {
    as: team.owner.personId,
    body: { email: 'once@example.com', role: 'member' },
    headers: { 'idempotency-key': 'invite-once' },
  };
  const answers = await Promise.all([1, 2, 3].map(() => api.call('POST', path(), request)));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
  expect((await mails()).filter(({ to }) => to.includes('once@example.com'))).toHaveLength(1);
});

test('who invites more than sixty times within an hour waits', async () => {
  const as = await signIn(api.auth, team.admin.personId);
  const bad = { as, body: { email: team.member.email, role: 'member' } };
  const good = { as, body: { email: 'one-too-many@example.com', role: 'member' } };
  for (let i = 0; i < 60; i += 1) expect((await api.call('POST', path(), bad)).status).toBe(409);
  const refused = await api.call('POST', path(), good);
  expect(refused).toMatchObject({ status: 429, body: { code: 'rate-limited' } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await membershipState(database.pool, team.organizationId)).invitations).toEqual([]);
});

test.each<[string, unknown]>([
  ['a role that there is not', { email: 'a@example.com', role: 'boss' }],
  ['no address', { role: 'member' }],
  ['an address that is none', { email: 'nobody', role: 'member' }],
  ['an address with a control character', { email: 'a\u0000@example.com', role: 'member' }],
  ['an address with a line break', { email: 'a@example.com\nbcc: b@example.com', role: 'member' }],
  ['an address of 10,000 characters', { email: `${'a'.repeat(10_000)}@example.com`, role: 'member' }],
  ['a field that there is not', { email: 'a@example.com', role: 'member', name: 'A' }],
])('%s is refused, and nobody is invited', async (_what, body) => {
  const answered = await api.call('POST', path(), { as: team.owner.personId, body });
  expect(answered).toMatchObject({ status: 400, body: { code: 'request-invalid' } });
  expect((await membershipState(database.pool, team.organizationId)).invitations).toEqual([]);
});

test.each([['short'], [`cof_invitation_${'a'.repeat(49)}`], ['%00'], ["' or true --"]])(
  'the link with %s leads nowhere',
  async (secret) => {
    const place = `/v1/invitations/${secret === '%00' ? secret : encodeURIComponent(secret)}`;
    expect((await api.call('GET', place)).body.code).toBe('invitation-not-found');
    const accepted = await api.call('POST', `${place}/accept`, { as: team.outsider.personId });
    expect(accepted.body.code).toBe('invitation-not-found');
  },
);
