// Ids of others: a second id in a path is looked up within the account or organization of the first, on every route.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import {
  createKey,
  createOrganizationToken,
  createTeam,
  createTestAuth,
  signIn,
  type TestOrganization,
} from './support/people.ts';

let database: TestDatabase;
let api: TestApi;
let own: TestOrganization;
let foreign: TestOrganization;
let token: string;
// biome-ignore lint/suspicious/noExplicitAny: the document is looked into as the JSON it is
let document: any;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  [own, foreign] = [await createTeam(database.pool), await createTeam(database.pool)];
  token = await signIn(createTestAuth(database.pool), own.owner.personId);
  document = (await api.json('GET', '/openapi.json')).body;
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

/** Parameter → the id of such a thing that belongs to somebody else. A parameter that is new needs a line here. */
const FOREIGN: Readonly<Record<string, () => Promise<string>>> = {
  memberId: async () => foreign.member.personId,
  apiKeyId: async () =>
    (await createKey(database.pool, { accountId: foreign.accountId, memberId: foreign.member.personId }))
      .apiKeyId,
  tokenId: async () => {
    await createOrganizationToken(database.pool, foreign.organizationId);
    return idOf('select id from service_tokens where organization_id = $1', [foreign.organizationId]);
  },
  topUpId: () =>
    idOf(
      `insert into top_ups (id, account_id, mode, payer_id, amount, currency, expires_at, created_at, next_check_at)
       values ($1, $2, 'manual', $3, 5000000000, 'usd', now(), now(), now()) returning id`,
      [uuidv7(), foreign.accountId, foreign.member.personId],
    ),
  // lines are numbered within their account: what the other account has as its first, this one has not
  transactionId: async () => 'entry-1',
  invitationId: () =>
    idOf(
      `insert into auth.invitations (id, organization_id, email, role, inviter_id, expires_at, created_at, secret_hash, sent_at)
       values ($1, $2, 'x@example.com', 'member', $3, now() + interval '1 day', now(), sha256($4::bytea), now()) returning id`,
      [uuidv7(), foreign.organizationId, foreign.owner.personId, uuidv7()],
    ),
};

async function idOf(statement: string, values: unknown[]): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(statement, values);
  return rows[0]?.id ?? '';
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** A body that the route takes, so that the id is what it judges. */
function bodyFor(schema: Schema | undefined): unknown {
  if (schema === undefined) return undefined;
  if (schema.$ref !== undefined)
    return bodyFor(document.components.schemas[schema.$ref.split('/').at(-1) ?? '']);
  if (schema.type === 'object') {
    const fields = Object.entries(schema.properties ?? {}).filter(
      ([name]) => schema.required?.includes(name) || name === 'name',
    );
    return Object.fromEntries(fields.map(([name, field]) => [name, bodyFor(field)]));
  }
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.type === 'integer') return schema.minimum ?? 0;
  return schema.format === 'uuid' ? own.admin.personId : 'name';
}

/** What stands in the tables that these routes change. */
async function everything(): Promise<unknown> {
  const { rows } = await database.pool.query(
    `select (select jsonb_agg(k order by id) from api_keys k) as keys, (select jsonb_agg(t order by id) from service_tokens t) as tokens,
       (select jsonb_agg(m order by id) from auth.members m) as members, (select jsonb_agg(i order by id) from auth.invitations i) as invitations,
       (select jsonb_agg(t order by id) from top_ups t) as top_ups, (select count(*) from audit_lines) as lines`,
  );
  return rows[0];
}

interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

function operationsWithSecondId(): {
  path: string;
  method: string;
  parameter: string;
  operation: Operation;
}[] {
  return Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) => {
    const [first, second] = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    if (second === undefined || (first !== 'accountId' && first !== 'organizationId')) return [];
    return Object.entries(methods).map(([method, operation]) => ({
      path,
      method,
      parameter: second,
      operation,
    }));
  });
}

test('an id of somebody else answers like one that does not exist, on every route that takes two, and changes nothing', async () => {
  const operations = operationsWithSecondId();
  expect(operations.length).toBeGreaterThan(3);
  const ids = new Map<string, string>();
  for (const { parameter } of operations) {
    if (ids.has(parameter)) continue;
    const make = FOREIGN[parameter];
    if (make === undefined) throw new Error(`this test has no foreign ${parameter}`);
    ids.set(parameter, await make());
  }
  const before = await everything();
  for (const { path, method, parameter, operation } of operations) {
    const ask = async (id: string) => {
      const { status, body } = await api.json(
        method.toUpperCase(),
        path
          .replace('{accountId}', own.accountId)
          .replace('{organizationId}', own.organizationId)
          .replace(`{${parameter}}`, id),
        { token, body: bodyFor(operation.requestBody?.content['application/json']?.schema) },
      );
      return { route: `${method} ${path}`, status, problem: { ...body, instance: '' } };
    };
    const answers = await Promise.all([ids.get(parameter) ?? '', uuidv7(), 'nonsense'].map(ask));
    expect(answers[0]?.status).toBe(404);
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  }
  expect(await everything()).toEqual(before);
});
