// The OpenAPI 3.1 document, made of the schemas that the routes themselves parse and answer with.
import type { RequestHandler } from 'express';
import { ANSWERS_KEPT_HOURS } from '../ledger/upkeep.ts';
import { type JsonSchema, SchemaComponents } from './openapi-schemas.ts';
import type { Principal } from './principal.ts';
import { type ProblemCode, problems } from './problem.ts';
import { rateLimits } from './rate-limits.ts';
import { kindsAdmitted, type Route } from './route.ts';

type Spec = Route['spec'];
type Json = Readonly<Record<string, unknown>>;

const SECURITY: Record<Principal['kind'], readonly Json[]> = {
  nobody: [],
  person: [{ session: [] }, { bearer: [] }],
  gateway: [{ gatewayToken: [] }],
  operator: [{ operatorToken: [] }],
  organization: [{ organizationToken: [] }],
};

const SECURITY_SCHEMES = {
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'coffer.session_token',
    description:
      'The cookie of a signed-in person; its name is `__Host-coffer.session_token` on https. A write by cookie needs an `Origin` of this deployment.',
  },
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description:
      'The session of a signed-in person: the `set-auth-token` header of `POST /api/auth/sign-in/email`.',
  },
  gatewayToken: { type: 'http', scheme: 'bearer', description: 'A gateway token, `cof_gateway_…`.' },
  operatorToken: { type: 'http', scheme: 'bearer', description: 'An operator token, `cof_operator_…`.' },
  organizationToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of an organization, `cof_organization_…`, for its programs.',
  },
};

/** `GET /openapi.json`; the document is made once. */
export function serveOpenApi(specs: readonly Spec[], baseUrl: string): RequestHandler {
  let text: string | undefined;
  return (_request, response) => {
    text ??= JSON.stringify(openApiDocument(specs, baseUrl));
    response.type('application/json').send(text);
  };
}

/** The document of all routes. Throws when two routes claim the same method and path. */
export function openApiDocument(specs: readonly Spec[], baseUrl: string): Json {
  const components = new SchemaComponents();
  const paths: Record<string, Record<string, Json>> = {};
  for (const spec of specs) {
    const path = paths[spec.path] ?? {};
    if (path[spec.method] !== undefined) throw new Error(`two routes are ${spec.method} ${spec.path}`);
    paths[spec.path] = { ...path, [spec.method]: operation(spec, components) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Coffer',
      version: '1',
      description:
        'One prepaid credit balance per organization: members fund it, API usage draws it down. Money is a decimal string in dollars, times are ISO 8601 in UTC. Errors are `application/problem+json`; their `type` is a page that explains them.',
    },
    servers: [{ url: baseUrl }],
    tags: [...new Set(specs.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { schemas: { ...components.all(), Problem: PROBLEM }, securitySchemes: SECURITY_SCHEMES },
  };
}

function operation(spec: Spec, components: SchemaComponents): Json {
  return {
    operationId: operationId(spec),
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.description !== undefined && { description: spec.description }),
    security: kindsAdmitted(spec).flatMap((kind) => SECURITY[kind]),
    'x-coffer-access': accessOf(spec),
    parameters: [
      ...parameters(components.input(spec.params), 'path'),
      ...parameters(components.input(spec.query), 'query'),
      ...headers(spec),
    ],
    ...(spec.body !== undefined && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: components.input(spec.body) },
          ...(spec.bodyOrText !== undefined && { [spec.bodyOrText]: TEXT }),
        },
      },
    }),
    responses: { ...answers(spec, components), ...problemAnswers(spec) },
  };
}

/** Who may call it, as it was declared: what docs/access.md is made of. */
function accessOf(spec: Spec): Json {
  const { caller, right, scope, narrows, bare } = spec;
  const rateLimit = spec.rateLimit ?? spec.handlerRateLimit;
  return {
    caller,
    ...(right !== undefined && { right }),
    ...(scope !== undefined && { scope }),
    ...(narrows !== undefined && { narrows }),
    ...(bare === true && { bare }),
    ...(rateLimit !== undefined && { rateLimit: { name: rateLimit, ...rateLimits[rateLimit] } }),
  };
}

/** `get /v1/accounts/{accountId}/transactions` → `getAccountsTransactions`. */
function operationId({ method, path }: Spec): string {
  const words = path
    .replace(/^\/v1\//, '')
    .split('/')
    .filter((part, index, parts) => !part.startsWith('{') || index === parts.length - 1)
    .flatMap((part) => (part.startsWith('{') ? ['by', part.slice(1, -1)] : part.split(/[^a-zA-Z0-9]+/)));
  return [method, ...words.filter(Boolean).map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join(
    '',
  );
}

function parameters(schema: JsonSchema | undefined, where: 'path' | 'query'): Json[] {
  const required = new Set(schema?.required ?? []);
  return Object.entries(schema?.properties ?? {}).map(([name, { description, ...property }]) => ({
    name,
    in: where,
    required: where === 'path' || required.has(name),
    ...(description !== undefined && { description }),
    schema: property,
  }));
}

function headers({ idempotent, headers: others }: Spec): Json[] {
  return [
    ...(idempotent ? [{ ...IDEMPOTENCY_KEY, required: idempotent === 'required' }] : []),
    ...Object.entries(others ?? {}).map(([name, { description, required = false }]) => ({
      name,
      in: 'header',
      required,
      description,
      schema: { type: 'string' },
    })),
  ];
}

function answers(spec: Spec, components: SchemaComponents): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(spec.answers).map(([status, { description, schema, contentType, orText }]) => {
      const content = {
        ...(schema && { [contentType ?? 'application/json']: { schema: components.output(schema) } }),
        ...(!schema && contentType && { [contentType]: TEXT }),
        ...(orText && { [orText]: TEXT }),
      };
      return [status, { description, ...(Object.keys(content).length > 0 && { content }) }];
    }),
  );
}

/** The problems to expect, one answer a status, each code named with its title. */
function problemAnswers(spec: Spec): Record<string, Json> {
  const codes = new Set<ProblemCode>([
    ...(spec.problems ?? []),
    ...(spec.bare === true ? [] : problemsOfMounted(spec)),
  ]);
  const byStatus: Record<string, Json> = {};
  for (const [status, same] of Map.groupBy(codes, (code) => problems[code].status)) {
    byStatus[status] = {
      description: same.map((code) => `\`${code}\`: ${problems[code].title}`).join('; '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  return byStatus;
}

/** What any route of `mountRoutes` may refuse with; an unknown parameter is invalid everywhere. */
function problemsOfMounted(spec: Spec): ProblemCode[] {
  return [
    ...(spec.caller === 'anyone'
      ? []
      : (['unauthenticated', 'token-expired', 'token-revoked', 'forbidden'] as const)),
    'request-invalid',
    ...(spec.body === undefined
      ? []
      : (['request-malformed', 'content-type-unsupported', 'body-too-large'] as const)),
    // a browser's cookie speaks for people, and only from our own pages
    ...(spec.method === 'get' || spec.caller === 'anyone' ? [] : (['origin-not-allowed'] as const)),
    ...((spec.rateLimit ?? spec.handlerRateLimit) === undefined ? [] : (['rate-limited'] as const)),
    'database-busy',
    'database-unavailable',
    'internal-error',
  ];
}

const TEXT = { schema: { type: 'string' } };

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description: `Names this request: sent again with the same content within ${ANSWERS_KEPT_HOURS} hours, it is answered again and done once.`,
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

const PROBLEM = {
  type: 'object',
  description: 'A problem as RFC 9457 describes it.',
  required: ['type', 'code', 'title', 'status'],
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'The page that explains the problem.' },
    code: {
      type: 'string',
      enum: Object.keys(problems),
      description: 'For programs: the last part of `type`.',
    },
    title: { type: 'string' },
    status: { type: 'integer', description: 'The HTTP status.' },
    detail: { type: 'string', description: 'For the person who asked.' },
    instance: { type: 'string', description: 'Names the request, for whoever reads the logs.' },
    errors: {
      type: 'array',
      description: 'Fields that were refused.',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'A JSON pointer.' },
          detail: { type: 'string' },
        },
      },
    },
  },
};
