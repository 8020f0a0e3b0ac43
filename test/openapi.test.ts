// The OpenAPI document: complete, well-formed, and true to what the routes answer.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { verifyEmail } from './support/people.ts';

/** What the tests look into; the rest of the document is kept as it is. */
const operation = z.looseObject({
  operationId: z.string(),
  security: z.array(z.record(z.string(), z.unknown())),
  'x-coffer-access': z.looseObject({ bare: z.boolean().optional() }),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })),
  responses: z.record(
    z.string(),
    z.looseObject({ description: z.string(), content: z.record(z.string(), z.unknown()).optional() }),
  ),
});

const openApi = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.unknown()),
    securitySchemes: z.record(z.string(), z.unknown()),
  }),
});

let database: TestDatabase;
let api: TestApi;
let document: z.output<typeof openApi>;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  document = openApi.parse((await api.json('GET', '/openapi.json')).body);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

function operations(): [path: string, method: string, z.output<typeof operation>][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]): [string, string, z.output<typeof operation>] => [
      path,
      method,
      one,
    ]),
  );
}

test('it is OpenAPI 3.1 and has the surface that people rely on', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining([
      '/v1/usage',
      '/v1/me',
      '/v1/prices',
      '/v1/accounts',
      '/v1/accounts/{accountId}',
      '/v1/accounts/{accountId}/transactions',
      '/v1/accounts/{accountId}/statement',
      '/v1/accounts/{accountId}/usage',
      '/v1/accounts/{accountId}/events',
      '/v1/accounts/{accountId}/api-keys',
      '/v1/operator/accounts/{accountId}/grants',
    ]),
  );
});

test('every reference has its component, and no schema of zod is left over', () => {
  const text = JSON.stringify(document);
  const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, pointer = '']) => pointer));
  expect(references.size).toBeGreaterThan(5);
  for (const pointer of references) {
    expect(pointer).toMatch(/^#\/components\/schemas\/\w+$/);
    expect(Object.keys(document.components.schemas)).toContain(pointer.split('/').at(-1));
  }
  expect(text).not.toMatch(/\$schema|\$defs/);
});

test('usage is described so that a client can be made of it: whole tokens, a time, and NDJSON as well', () => {
  const { UsageEvent: event } = document.components.schemas;
  expect(event).toMatchObject({
    properties: {
      inputTokens: { type: 'integer', minimum: 0, maximum: 100_000_000 },
      occurredAt: { type: 'string', format: 'date-time' },
      metadata: { type: 'object', additionalProperties: {} },
    },
  });
  const body = z.looseObject({
    requestBody: z.object({ content: z.record(z.string(), z.unknown()), required: z.boolean() }),
  });
  const { requestBody } = body.parse(document.paths['/v1/usage']?.['post']);
  expect(Object.keys(requestBody.content)).toEqual(['application/json', 'application/x-ndjson']);
  // a component without a name of ours is a type without a name in every client
  expect(Object.keys(document.components.schemas).filter((name) => !/^[A-Z][A-Za-z]+$/.test(name))).toEqual(
    [],
  );
});

test('every property that a schema requires is described by it', () => {
  const missing: string[] = [];
  function look(schema: unknown, path: string): void {
    if (typeof schema !== 'object' || schema === null) return;
    if ('properties' in schema && 'required' in schema && Array.isArray(schema.required)) {
      const described = Object.keys(schema.properties ?? {});
      for (const name of schema.required) if (!described.includes(name)) missing.push(`${path}.${name}`);
    }
    for (const [key, inner] of Object.entries(schema)) look(inner, `${path}/${key}`);
  }
  look(document, '');
  expect(missing).toEqual([]);
});

test('every operation has a name of its own, every parameter of its path, and a security scheme that exists', () => {
  const names = operations().map(([, , { operationId }]) => operationId);
  expect(new Set(names).size).toBe(names.length);
  for (const [path, , { parameters, security }] of operations()) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(inPath);
    for (const scheme of security.flatMap(Object.keys)) {
      expect(Object.keys(document.components.securitySchemes)).toContain(scheme);
    }
  }
});

test('whatever a route may refuse with is described, also what every route has', () => {
  for (const [path, , { responses, security, 'x-coffer-access': access }] of operations()) {
    expect(Object.keys(responses)).not.toContain('default');
    if (access.bare === true) continue;
    expect([path, Object.keys(responses)]).toEqual([path, expect.arrayContaining(['400', '500', '503'])]);
    if (security.length > 0) expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403']));
  }
});

test('every route is served: without a token it answers 401, without a known method 405', async () => {
  for (const [path, method, { security }] of operations()) {
    const address = path.replaceAll(/\{\w+\}/g, '01890a5d-ac96-774b-bcce-b302099a8057');
    if (security.length === 0) continue;
    const { status } = await api.call(method.toUpperCase(), address);
    expect([method, path, status]).toEqual([method, path, 401]);
  }
  const wrong = await api.json('PATCH', '/v1/accounts');
  expect({ status: wrong.status, code: wrong.body.code, allow: wrong.headers.get('allow') }).toEqual({
    status: 405,
    code: 'method-not-allowed',
    allow: 'GET',
  });
});

test('a problem names its page, and the page is there for people and for programs', async () => {
  const { status, headers, body } = await api.json('GET', '/v1/nothing');
  expect({ status, code: body.code }).toEqual({ status: 404, code: 'not-found' });
  expect(headers.get('content-type')).toContain('application/problem+json');
  expect(body.instance).toBe(`urn:request:${headers.get('x-request-id')}`);
  const page = await api.call('GET', body.type, { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain('<h1>There is nothing here</h1>');
  const text = await api.call('GET', body.type, { headers: { accept: 'text/markdown' } });
  expect(await text.text()).toContain('# There is nothing here');
});

test.each([
  ['malformed JSON', 'application/json', '{"name":', 400, 'request-malformed'],
  ['no JSON at all', 'text/plain', 'hello', 415, 'content-type-unsupported'],
  ['a body over the bound', 'application/json', `{"name":"${'x'.repeat(300_000)}"}`, 413, 'body-too-large'],
])('%s is refused with its own problem', async (_, contentType, body, status, code) => {
  const answer = await api.json('POST', '/v1/accounts/x/api-keys', {
    body,
    headers: { 'content-type': contentType },
  });
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
});

test('the process is alive, and not ready while no worker asks for work', async () => {
  expect((await api.json('GET', '/healthz')).body).toEqual({ status: 'ok' });
  expect(await api.json('GET', '/readyz')).toMatchObject({
    status: 503,
    body: { status: 'unavailable', checks: { postgres: 'ok', temporal: 'ok', worker: 'unavailable' } },
  });
});

test('metrics name routes, never accounts', async () => {
  await api.call('GET', '/v1/accounts/01890a5d-ac96-774b-bcce-b302099a8057');
  const metrics = await (await api.call('GET', '/metrics')).text();
  expect(metrics).toContain('route="/v1/accounts/:accountId"');
  expect(metrics).not.toContain('01890a5d');
});

test('a change by cookie from another site is refused', async () => {
  const email = 'visitor@example.com';
  const headers = { origin: 'http://localhost:8080' };
  const body = { email, password: 'correct horse' };
  await api.call('POST', '/api/auth/sign-up/email', { body: { ...body, name: 'Vera Visitor' }, headers });
  await verifyEmail(database.pool, email);
  const signedIn = await api.call('POST', '/api/auth/sign-in/email', { body, headers });
  const cookie = signedIn.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const me = (await api.json('GET', '/v1/me', { headers: { cookie } })).body;
  expect(me.email).toBe(email);
  const make = (origin: string) =>
    api.json('POST', `/v1/accounts/${me.personalAccountId}/api-keys`, {
      body: { name: 'mine' },
      headers: { cookie, origin },
    });
  expect((await make('https://evil.example')).status).toBe(403);
  expect((await make('http://localhost:8080')).status).toBe(201);
});
