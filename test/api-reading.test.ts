// What people read over HTTP: balances, history, statement, sums and prices, each with who may see it.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { v7 as uuidv7 } from 'uuid';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import {
  createGatewayToken,
  createKey,
  createOperatorToken,
  createTeam,
  createTestAuth,
  signIn,
  type TestOrganization,
} from './support/people.ts';
import { createPrice, post, sendUsage } from './support/reading-usage.ts';

let database: TestDatabase;
let api: TestApi;
let team: TestOrganization;
let operator: string;
let gateway: string;
let tokens: Record<'owner' | 'member' | 'outsider', string>;
let keys: Record<'owner' | 'member', string>;

beforeAll(async () => {
  database = await createTestDatabase();
  const { pool } = database;
  api = await startTestApi(database);
  team = await createTeam(pool);
  const auth = createTestAuth(pool);
  tokens = {
    owner: await signIn(auth, team.owner.personId),
    member: await signIn(auth, team.member.personId),
    outsider: await signIn(auth, team.outsider.personId),
  };
  const key = async (person: { personId: string }, name: string) =>
    (await createKey(pool, { accountId: team.accountId, memberId: person.personId, name })).apiKeyId;
  keys = { owner: await key(team.owner, 'owner key'), member: await key(team.member, '=member key') };
  operator = await createOperatorToken(pool);
  gateway = await createGatewayToken(pool);
  await createPrice(pool, 'swift');
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const path = (rest = '') => `/v1/accounts/${team.accountId}${rest}`;
const read = async (rest = '', token = tokens.member) => (await api.json('GET', path(rest), { token })).body;

function usage(key: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    id: uuidv7(),
    apiKeyId: key,
    model: 'swift',
    inputTokens: 1_000,
    outputTokens: 1_000,
    occurredAt: new Date().toISOString(),
    ...more,
  };
}

async function grant(amount: string, key: string, more: Readonly<Record<string, unknown>> = {}) {
  return api.json('POST', `/v1/operator/accounts/${team.accountId}/grants`, {
    token: operator,
    headers: { 'idempotency-key': key },
    body: { amount, reason: 'welcome', ...more },
  });
}

test('a grant counts in the balance at once, and sent again with its key it is the same grant', async () => {
  const first = await grant('10.00', 'grant-1');
  const again = await grant('10.00', 'grant-1');
  expect(first.status).toBe(201);
  expect(again).toMatchObject({ status: 201, body: first.body });
  expect((await grant('11.00', 'grant-1')).body.code).toBe('idempotency-key-reused');
  expect((await grant('10.00', 'grant-1', { reason: 'another' })).body.code).toBe('idempotency-key-reused');
  expect(await read()).toEqual({
    id: team.accountId,
    owner: { type: 'organization', id: team.organizationId, name: 'Acme' },
    currency: 'usd',
    balance: '10.00',
    posted: '0.00',
    pending: '10.00',
    held: '0.00',
    available: '10.00',
    state: 'ok',
    autoTopUp: 'off',
  });
});

test.each([
  ['0', 'amount-out-of-range'],
  ['-5', 'amount-out-of-range'],
  ['1e3', 'amount-malformed'],
  ['', 'amount-malformed'],
  ['NaN', 'amount-malformed'],
  ['99999999999', 'amount-malformed'],
])('a grant of %p is refused as %s', async (amount, code) => {
  const { status, body } = await grant(amount, `bad-${amount}`);
  expect({ status, code: body.code }).toEqual({ status: 400, code });
});

test('history shows one line per usage event and credit entry, newest first, page by page and as CSV', async () => {
  await post(database.pool, team.accountId);
  await sendUsage(api, gateway, [
    usage(keys.owner),
    usage(keys.member, { batchId: 'night', serviceTier: 'batch' }),
  ]);
  await post(database.pool, team.accountId);
  await sendUsage(api, gateway, [usage(keys.member, { cachedInputTokens: 500 })]);

  const { items, nextCursor } = await read('/transactions');
  expect(nextCursor).toBeNull();
  expect(items).toMatchObject([
    {
      type: 'usage',
      amount: '-0.0095',
      member: { id: team.member.personId, name: 'Max Member' },
      apiKey: { id: keys.member, name: '=member key' },
      model: 'swift',
      inputTokens: 1_000,
      cachedInputTokens: 500,
      outputTokens: 1_000,
    },
    { type: 'usage', amount: '-0.005', serviceTier: 'batch', batchId: 'night' },
    { type: 'usage', amount: '-0.01', member: { name: 'Olga Owner' }, serviceTier: 'standard' },
    { type: 'grant', amount: '10.00', reason: 'welcome' },
  ]);
  const pages: unknown[] = [];
  let cursor = '';
  for (;;) {
    const page = await read(`/transactions?limit=1${cursor}`);
    pages.push(...page.items);
    if (page.nextCursor === null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  expect(pages).toEqual(items);

  const csv = await api.call('GET', path('/transactions'), {
    token: tokens.member,
    headers: { accept: 'text/csv' },
  });
  expect(csv.headers.get('content-type')).toContain('text/csv');
  const rows: Record<string, string>[] = parse(await csv.text(), { columns: true });
  expect(rows.map(({ amount }) => amount)).toEqual(items.map(({ amount }: { amount: string }) => amount));
  expect(rows[0]).toMatchObject({
    memberName: 'Max Member',
    apiKeyName: "'=member key",
    inputTokens: '1000',
  });
  expect((await read()).balance).toBe('9.9755');
});

test('a link asks for CSV by its address, and for JSON whatever a browser accepts; the CSV has the lines of the page', async () => {
  const csv = async (rest: string, accept = 'text/html') => {
    const answer = await api.call('GET', path(rest), { token: tokens.owner, headers: { accept } });
    expect([rest, answer.status, answer.headers.get('content-type')]).toEqual([
      rest,
      200,
      expect.stringContaining('text/csv'),
    ]);
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename=[a-z]+-[0-9a-f-]+\.csv$/,
    );
    return parse(await answer.text(), { columns: true }) as Record<string, string>[];
  };
  const filter = `memberId=${team.member.personId}&type=usage`;
  const { items } = await read(`/transactions?${filter}`);
  expect((await csv(`/transactions?${filter}&format=csv`)).map(({ id }) => id)).toEqual(
    items.map(({ id }: { id: string }) => id),
  );
  const audit = await read('/audit', tokens.owner);
  expect((await csv('/audit?format=csv')).map(({ id }) => id)).toEqual(
    audit.items.map(({ id }: { id: string }) => id),
  );
  const sums = await read('/usage?groupBy=apiKey,day');
  const rows = await csv('/usage?groupBy=apiKey,day&format=csv', 'application/json');
  expect(rows.map(({ day, cost }) => [day, cost])).toEqual(
    sums.items.map(({ day, cost }: { day: string; cost: string }) => [day, cost]),
  );
  expect(Object.keys(rows[0] ?? {}).slice(0, 4)).toEqual(['day', 'apiKeyId', 'apiKeyName', 'events']);
  expect(rows.find(({ apiKeyId }) => apiKeyId === keys.member)?.['apiKeyName']).toBe("'=member key");
  for (const table of ['transactions', 'usage', 'audit']) {
    const json = await api.json('GET', path(`/${table}?format=json`), {
      token: tokens.owner,
      headers: { accept: 'text/csv' },
    });
    expect([table, json.status, Array.isArray(json.body.items)]).toEqual([table, 200, true]);
    expect((await read(`/${table}?format=xml`, tokens.owner)).code).toBe('request-invalid');
  }
});

test('every line of the history can be read by its id, within its account alone', async () => {
  const { items } = await read('/transactions');
  for (const line of items) expect(await read(`/transactions/${line.id}`)).toEqual(line);
  for (const id of ['usage-999999', 'entry-2', 'entry-99', 'entry-', 'usage-1e3', 'moon'])
    expect([id, (await read(`/transactions/${id}`)).code]).toEqual([id, 'not-found']);
  const elsewhere = `/v1/accounts/${team.member.accountId}/transactions/${items[0].id}`;
  expect((await api.json('GET', elsewhere, { token: tokens.member })).status).toBe(404);
});

test.each([
  ['type=usage', 3],
  ['type=grant', 1],
  ['type=refund', 0],
  ['batchId=night', 1],
  ['model=swift', 3],
  ['model=slow', 0],
  ['from=2020-01-01', 4],
  ['to=2020-01-01', 0],
])('history filtered by %s has %i lines', async (filter, count) => {
  const { items, nextCursor } = await read(`/transactions?${filter}`);
  expect(items).toHaveLength(count);
  expect(nextCursor).toBeNull();
});

test('history filtered by member or key shows theirs alone', async () => {
  expect((await read(`/transactions?memberId=${team.member.personId}`)).items).toHaveLength(2);
  expect((await read(`/transactions?apiKeyId=${keys.owner}`)).items).toHaveLength(1);
});

test('the statement has every entry with its seq and the balance after it', async () => {
  const { items } = await read('/statement');
  expect(items).toMatchObject([
    { seq: 2, type: 'usage', amount: '-0.015', balanceAfter: '9.985', eventCount: 2 },
    { seq: 1, type: 'grant', amount: '10.00', balanceAfter: '10.00', reason: 'welcome' },
  ]);
  const first = await read('/statement?limit=1');
  expect((await read(`/statement?limit=1&cursor=${first.nextCursor}`)).items).toEqual([items[1]]);
});

test('the statement as CSV holds what its pages hold, of the same days', async () => {
  const csv = async (query: string): Promise<Record<string, string>[]> => {
    const answer = await api.call('GET', path(`/statement?format=csv${query}`), { token: tokens.member });
    expect(answer.headers.get('content-type')).toContain('text/csv');
    return parse(await answer.text(), { columns: true });
  };
  expect(await csv('')).toMatchObject([
    { seq: '2', type: 'usage', amount: '-0.015', balanceAfter: '9.985', eventCount: '2', payerName: '' },
    { seq: '1', type: 'grant', amount: '10.00', balanceAfter: '10.00', reason: 'welcome' },
  ]);
  const today = new Date().toISOString().slice(0, 10);
  for (const [query, count] of [
    [`&from=${today}`, 2],
    [`&to=${today}`, 0],
    ['&from=2100-01-01', 0],
    ['&limit=1', 2],
  ] as const) {
    expect([query, (await csv(query)).length]).toEqual([query, count]);
    if (!query.includes('limit'))
      expect([query, (await read(`/statement?${query}`)).items.length]).toEqual([query, count]);
  }
});

test('sums of usage add up to what was deducted, by whatever they are grouped', async () => {
  const today = new Date().toISOString().slice(0, 10);
  expect((await read('/usage?groupBy=day')).items).toEqual([
    {
      day: today,
      events: 3,
      inputTokens: 3_000,
      cachedInputTokens: 500,
      cacheWriteTokens: 0,
      outputTokens: 3_000,
      cost: '0.0245',
    },
  ]);
  expect((await read('/usage?groupBy=member,tier')).items).toMatchObject([
    { member: { name: 'Olga Owner' }, tier: 'standard', cost: '0.01' },
    { member: { name: 'Max Member' }, tier: 'standard', cost: '0.0095' },
    { member: { name: 'Max Member' }, tier: 'batch', cost: '0.005' },
  ]);
  expect((await read(`/usage?groupBy=day&to=${today}`)).items).toEqual([]);
  expect((await read(`/usage?groupBy=day&memberId=${team.owner.personId}`)).items).toMatchObject([
    { cost: '0.01' },
  ]);
  expect((await read(`/usage?groupBy=day&apiKeyId=${keys.member}`)).items).toMatchObject([
    { cost: '0.0145' },
  ]);
  expect((await read('/usage?groupBy=day&model=slow')).items).toEqual([]);
  expect((await read('/usage?groupBy=day,day')).code).toBe('request-invalid');
  expect((await read('/usage?groupBy=moon')).code).toBe('request-invalid');
});

test('the top few stand for themselves and the rest is one sum, so that nothing is left out', async () => {
  const { items } = await read('/usage?groupBy=member&top=1');
  expect(items).toMatchObject([
    { member: { id: team.member.personId }, cost: '0.0145' },
    { others: true, cost: '0.01', events: 1 },
  ]);
  expect(items[1]).not.toHaveProperty('member');
  const all = await read('/usage?groupBy=member&top=2');
  expect(all.items).toHaveLength(2);
  expect(JSON.stringify(all)).not.toContain('others');
  const csv = await api.call('GET', path('/usage?groupBy=day,apiKey&top=1&format=csv'), {
    token: tokens.member,
  });
  expect(parse(await csv.text(), { columns: true })).toMatchObject([
    { apiKeyId: keys.member, cost: '0.0145' },
    { apiKeyId: '', apiKeyName: 'Others', cost: '0.01' },
  ]);
  for (const query of [
    'groupBy=day&top=1',
    'groupBy=member,model&top=1',
    'groupBy=member&top=0',
    'groupBy=member&top=x',
  ])
    expect([query, (await read(`/usage?${query}`)).code]).toEqual([query, 'request-invalid']);
});

test('an outsider gets 404 for everything of the organization, and nothing in the list', async () => {
  for (const rest of ['', '/transactions', '/transactions/entry-1', '/statement', '/usage', '/events']) {
    const { status, body } = await api.json('GET', path(rest), { token: tokens.outsider });
    expect([rest, status, body.code]).toEqual([rest, 404, 'account-not-found']);
  }
  const ids = async (token: string) =>
    (await api.json('GET', '/v1/accounts', { token })).body.items.map(({ id }: { id: string }) => id);
  expect(await ids(tokens.outsider)).toEqual([team.outsider.accountId]);
  expect(await ids(tokens.member)).toEqual(expect.arrayContaining([team.accountId, team.member.accountId]));
  expect(await ids(operator)).toHaveLength(5);
});

test('without a token 401, with a token of another kind 403', async () => {
  expect((await api.json('GET', path())).status).toBe(401);
  expect((await api.json('GET', path(), { token: gateway })).status).toBe(403);
  expect((await api.json('GET', path(), { token: 'nonsense' })).status).toBe(401);
  expect((await api.json('GET', '/v1/operator/rejected-usage', { token: tokens.owner })).status).toBe(403);
});

test('prices are dollars per million tokens', async () => {
  const { body } = await api.json('GET', '/v1/prices');
  expect(body.items).toMatchObject([
    {
      model: 'swift',
      standard: { input: '2.00', cachedInput: '1.00', cacheWrite: '2.00', output: '8.00' },
      batch: { input: '1.00', output: '4.00' },
    },
  ]);
});

test('operators see what was rejected and what waits for a price', async () => {
  const events = [
    usage(uuidv7()),
    usage(keys.owner, { model: 'nameless' }),
    usage(keys.owner, { inputTokens: -1 }),
  ];
  await api.json('POST', '/v1/usage', { token: gateway, body: events });
  const rejected = (await api.json('GET', '/v1/operator/rejected-usage?limit=1', { token: operator })).body;
  const more = await api.json('GET', `/v1/operator/rejected-usage?cursor=${rejected.nextCursor}`, {
    token: operator,
  });
  expect([...rejected.items, ...more.body.items].map(({ code }: { code: string }) => code).sort()).toEqual([
    'api-key-unknown',
    'usage-invalid',
  ]);
  await api.json('POST', '/v1/usage', { token: gateway, body: usage(keys.owner, { model: 'nameless' }) });
  const waiting = (await api.json('GET', '/v1/operator/unpriced-usage?limit=1', { token: operator })).body;
  const next = await api.json('GET', `/v1/operator/unpriced-usage?limit=1&cursor=${waiting.nextCursor}`, {
    token: operator,
  });
  expect([...waiting.items, ...next.body.items]).toMatchObject([
    { model: 'nameless' },
    { model: 'nameless' },
  ]);
  expect(next.body.nextCursor).toBeNull();
});

test.each([
  ['a cursor that is none', '/transactions?cursor=abc'],
  ['a limit of 0', '/transactions?limit=0'],
  ['a limit of 501', '/transactions?limit=501'],
  ['an unknown parameter', '/transactions?colour=red'],
  ['a time that is none', '/transactions?from=yesterday'],
  ['a cursor of another list', `/statement?cursor=${Buffer.from('["1","2"]').toString('base64url')}`],
])('%s is refused with 400 and the field', async (_, rest) => {
  const { status, headers, body } = await api.json('GET', path(rest), { token: tokens.member });
  expect({ status, code: body.code }).toEqual({ status: 400, code: 'request-invalid' });
  expect(headers.get('content-type')).toContain('application/problem+json');
  expect(body.errors[0].pointer).toMatch(/^\/query/);
});

test('the CSV of sums goes through all months and holds the same sums as the JSON', async () => {
  const long = new Date(Date.now() - 33 * 86_400_000).toISOString();
  await sendUsage(api, gateway, [
    usage(keys.member, { occurredAt: long }),
    usage(keys.owner, { occurredAt: long }),
  ]);
  for (const query of ['groupBy=day,apiKey', 'groupBy=day', `groupBy=day,model&from=${long.slice(0, 10)}`]) {
    const { items }: { items: { day: string; cost: string }[] } = await read(`/usage?${query}`);
    const csv = await api.call('GET', path(`/usage?${query}&format=csv`), { token: tokens.member });
    const rows: { day: string; cost: string }[] = parse(await csv.text(), { columns: true });
    expect(rows.map(({ day, cost }) => [day, cost])).toEqual(items.map(({ day, cost }) => [day, cost]));
    expect(new Set(rows.map(({ day }) => day.slice(0, 7))).size).toBeGreaterThan(1);
  }
});
