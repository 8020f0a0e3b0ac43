// Service tokens: of gateways, operators and an organization's programs; known at once, forgotten at once.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { listen, type Notifications } from '../ledger/notifications.ts';
import { createSecret, hashSecret } from '../ledger/secrets.ts';
import { createServiceToken, revokeServiceToken } from '../ledger/service-tokens.ts';
import { type ServiceTokens, serviceTokens } from '../ledger/token-directory.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createGatewayToken, createOperatorToken } from './support/people.ts';
import { type PeopleApi, startPeopleApi } from './support/people-api.ts';
import { untilHolds } from './support/soak.ts';

let database: TestDatabase;
let api: PeopleApi;
let notifications: Notifications;
let tokens: ServiceTokens;
let now = new Date('2026-03-01T12:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database, () => now);
  notifications = await listen(database.url, ['service_tokens']);
  tokens = serviceTokens(database.pool, () => now, notifications);
});

afterAll(async () => {
  await notifications.close();
  await api.close();
  await database.drop();
});

test('a token is known by its secret, with its scopes, and the second time from memory', async () => {
  const gateway = await createGatewayToken(database.pool);
  expect(tokens.verifyCached(gateway)).toBeUndefined();
  expect(await tokens.verify(gateway)).toMatchObject({ kind: 'gateway', scopes: new Set(['usage']) });
  // its making is announced as well, and empties the memory once more
  await untilHolds(async () => {
    await tokens.verify(gateway);
    expect(tokens.verifyCached(gateway)?.kind).toBe('gateway');
  });
  const costly = await createGatewayToken(database.pool, ['usage', 'explicit-cost']);
  expect((await tokens.verify(costly))?.scopes.has('explicit-cost')).toBe(true);
  expect(await tokens.verify(createSecret('gateway'))).toBeUndefined();
  expect(await tokens.verify(createSecret('live'))).toBeUndefined();
  const foreign = createServiceToken(database.pool, { kind: 'gateway', name: 'x', scopes: ['money'], now });
  await expect(foreign).rejects.toThrow('no scope money');
});

test('a token is stored as its SHA-256 and not as itself', async () => {
  const secret = await createOperatorToken(database.pool);
  const { rows } = await database.pool.query('select * from service_tokens where token_hash = $1', [
    hashSecret(secret),
  ]);
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain(secret.slice(-20));
});

test('a revoked token is refused within a moment, in every process', async () => {
  const { id, secret } = await createServiceToken(database.pool, { kind: 'gateway', name: 'x', now });
  expect(await tokens.verify(secret)).toBeDefined();
  expect((await api.call('GET', '/v1/me', { as: secret })).status).toBe(403);
  expect(await revokeServiceToken(database.pool, id, now)).toBe(true);
  await untilHolds(async () => {
    expect(tokens.verifyCached(secret)).toBeUndefined();
    await expect(tokens.verify(secret)).rejects.toMatchObject({ code: 'token-revoked' });
    const answer = await api.call('GET', '/v1/me', { as: secret });
    expect(answer).toMatchObject({ status: 401, body: { code: 'token-revoked' } });
  });
  expect(await revokeServiceToken(database.pool, id, now)).toBe(false);
});

test('a token that ran out is refused, also from memory', async () => {
  const expiresAt = new Date(now.getTime() + 60_000);
  const { secret } = await createServiceToken(database.pool, { kind: 'operator', name: 'x', expiresAt, now });
  expect(await tokens.verify(secret)).toBeDefined();
  now = expiresAt;
  expect(tokens.verifyCached(secret)).toBeUndefined();
  await expect(tokens.verify(secret)).rejects.toMatchObject({ code: 'token-expired' });
});

test('a listener that loses its connection comes back and forgets what it may have missed', async () => {
  const secret = await createGatewayToken(database.pool);
  const own = await listen(database.url, ['service_tokens']);
  try {
    const memory = serviceTokens(database.pool, () => now, own);
    await memory.verify(secret);
    const heard: (string | undefined)[] = [];
    own.on('service_tokens', (payload) => heard.push(payload));
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'coffer listener' and datname = current_database()`,
    );
    await untilHolds(() => expect(own.listening).toBe(false));
    await untilHolds(() => expect(own.listening).toBe(true));
    expect(heard).toEqual([undefined]);
    expect(memory.verifyCached(secret)).toBeUndefined();
    expect(await memory.verify(secret)).toBeDefined();
  } finally {
    await own.close();
  }
});

test('tokens that read or move credit end within a year, whoever makes them', async () => {
  const make = (kind: 'gateway' | 'operator', days?: number) =>
    createServiceToken(database.pool, {
      kind,
      name: 'x',
      expiresAt: days === undefined ? undefined : new Date(now.getTime() + days * 86_400_000),
      now,
    });
  await expect(make('operator')).rejects.toThrow('within a year');
  await expect(make('operator', 367)).rejects.toThrow('within a year');
  await expect(make('operator', 366)).resolves.toBeDefined();
  await expect(make('gateway')).resolves.toBeDefined();
  await expect(database.pool.query('update service_tokens set expires_at = null')).rejects.toMatchObject({
    constraint: 'record-immutable',
  });
});

test('that a token is used is noted once a minute, and no process forgets anything for it', async () => {
  const secret = await createGatewayToken(database.pool);
  const heard: unknown[] = [];
  const own = await listen(database.url, ['service_tokens']);
  try {
    const memory = serviceTokens(database.pool, () => now, own);
    own.on('service_tokens', (payload) => heard.push(payload));
    await memory.verify(secret);
    await untilHolds(async () => expect(await lastUse(secret)).toEqual(now));
    const first = now;
    now = new Date(now.getTime() + 59_000);
    await serviceTokens(database.pool, () => now, own).verify(secret);
    now = new Date(now.getTime() + 2_000);
    await serviceTokens(database.pool, () => now, own).verify(secret);
    await untilHolds(async () => expect(await lastUse(secret)).toEqual(new Date(first.getTime() + 61_000)));
    expect(heard).toEqual([]);
  } finally {
    await own.close();
  }
});

async function lastUse(secret: string): Promise<Date | null> {
  const { rows } = await database.pool.query<{ last_used_at: Date | null }>(
    'select last_used_at from service_tokens where token_hash = $1',
    [hashSecret(secret)],
  );
  return rows[0]?.last_used_at ?? null;
}
