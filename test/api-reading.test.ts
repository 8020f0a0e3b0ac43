// What people read over HTTP: balances, history, statement, sums, prices and live events, each with who may see it.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createTeam, createTestAuth, signIn, type TestOrganization } from './support/people.ts';

let database: TestDatabase;
let api: TestApi;
let team: TestOrganization;
let tokens: Record<'owner' | 'admin' | 'member' | 'outsider', string>;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  team = await createTeam(database.pool);
  const auth = createTestAuth(database.pool);
  const token = (who: 'owner' | 'admin' | 'member' | 'outsider') => signIn(auth, team[who].personId);
  tokens = {
    owner: await token('owner'),
    admin: await token('admin'),
    member: await token('member'),
    outsider: await token('outsider'),
  };
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

test('every member reads the balance of the organization', async () => {
  const { status, body } = await api.json('GET', `/v1/accounts/${team.accountId}`, { token: tokens.member });
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      id: team.accountId,
      owner: { type: 'organization', id: team.organizationId, name: 'Acme' },
      currency: 'usd',
      balance: '0.00',
      posted: '0.00',
      pending: '0.00',
      held: '0.00',
      available: '0.00',
      state: 'ok',
    },
  });
});
