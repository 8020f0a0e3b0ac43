// Contributions: who paid how much, exactly what was credited, for every member, as a page and as a file.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { v7 as uuidv7 } from 'uuid';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createTeam, createTestAuth, signIn, type TestOrganization } from './support/people.ts';

let database: TestDatabase;
let api: TestApi;
let team: TestOrganization;
let tokens: Record<'member' | 'outsider', string>;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  team = await createTeam(database.pool);
  const auth = createTestAuth(database.pool);
  tokens = {
    member: await signIn(auth, team.member.personId),
    outsider: await signIn(auth, team.outsider.personId),
  };
  await paid(team.member.personId, 'manual', 25, '2026-01-10T08:00:00Z');
  await paid(team.owner.personId, 'auto', 50, '2026-02-01T00:00:00Z');
  await paid(team.owner.personId, 'auto', 50, '2026-02-02T00:00:00Z');
  await paid(team.owner.personId, 'manual', 5, '2026-03-01T00:00:00Z');
  await store('grant', 1_000, '2026-02-01T00:00:00Z', { reason: 'welcome' });
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

function paid(payerId: string, mode: string, dollars: number, at: string) {
  return store('top-up', dollars, at, { topUpId: uuidv7(), mode, payerId, payerName: 'of that time' });
}

async function store(type: string, dollars: number, at: string, details: object) {
  await database.pool.query('select store_command($1, $2, $3, $4, $5, $6, $7)', [
    uuidv7(),
    team.accountId,
    `purchase:${uuidv7()}`,
    type,
    BigInt(dollars) * 1_000_000_000n,
    details,
    new Date(at),
  ]);
}

const path = (query = '') => `/v1/accounts/${team.accountId}/contributions${query}`;
const read = async (query = '') => (await api.json('GET', path(query), { token: tokens.member })).body;

test('each payer has one line with what they paid by hand and by auto top-up, the most first', async () => {
  expect(await read()).toEqual({
    items: [
      {
        payer: { id: team.owner.personId, name: 'Olga Owner' },
        total: '105.00',
        manual: { count: 1, total: '5.00' },
        auto: { count: 2, total: '100.00' },
        firstAt: '2026-02-01T00:00:00.000Z',
        lastAt: '2026-03-01T00:00:00.000Z',
      },
      {
        payer: { id: team.member.personId, name: 'Max Member' },
        total: '25.00',
        manual: { count: 1, total: '25.00' },
        auto: { count: 0, total: '0.00' },
        firstAt: '2026-01-10T08:00:00.000Z',
        lastAt: '2026-01-10T08:00:00.000Z',
      },
    ],
    nextCursor: null,
  });
});

test('a time frame includes its begin and not its end', async () => {
  const { items } = await read('?from=2026-02-01&to=2026-02-02');
  expect(items).toMatchObject([{ total: '50.00', auto: { count: 1 } }]);
  expect((await read('?from=2027-01-01')).items).toEqual([]);
});

test('the file says what the page says, and no name in it runs as a formula', async () => {
  await database.pool.query(`update auth.people set name = '=cmd()' where id = $1`, [team.member.personId]);
  await paid(team.member.personId, 'manual', 10, new Date(Date.now() + 60_000).toISOString());
  const { items } = await read();
  for (const options of [
    { query: '', headers: { accept: 'text/csv' } },
    { query: '?format=csv', headers: {} },
  ]) {
    const response = await api.call('GET', path(options.query), {
      token: tokens.member,
      headers: options.headers,
    });
    expect(response.headers.get('content-type')).toMatch(/^text\/csv/);
    const rows: Record<string, string>[] = parse(await response.text(), { columns: true });
    expect(rows.map(({ total, manualTotal, autoTotal }) => ({ total, manualTotal, autoTotal }))).toEqual(
      items.map((item: { total: string; manual: { total: string }; auto: { total: string } }) => ({
        total: item.total,
        manualTotal: item.manual.total,
        autoTotal: item.auto.total,
      })),
    );
    expect(rows.find(({ payerId }) => payerId === team.member.personId)?.['payerName']).toBe("'=cmd()");
  }
});

test('an outsider learns nothing', async () => {
  const { status, body } = await api.json('GET', path(), { token: tokens.outsider });
  expect({ status, code: body.code }).toEqual({ status: 404, code: 'account-not-found' });
});
