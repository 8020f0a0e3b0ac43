// Routes: one declaration says who may call, what is parsed, what is answered, and is the OpenAPI document too.
import type { Request, RequestHandler, Response } from 'express';
import { Router } from 'express';
import { z } from 'zod';
import type { Actor } from '../ledger/acting.ts';
import type { Pool } from '../ledger/database.ts';
import { type AccountAccess, kindsWith, type Right, type Role, requireAccess } from './access.ts';
import { actorOf } from './actor.ts';
import type { Principal } from './principal.ts';
import { type FieldError, Problem, type ProblemCode, problemFrom, problems } from './problem.ts';
import type { RateLimits } from './rate-limits.ts';
import { attemptsOf, type RouteRateLimit } from './route-rate-limit.ts';

/**
 * Who may call a route: `reader` is whoever may read some account (a person, an operator, an organization token);
 * `account` is whoever has the route's `right` on the account or organization in its path.
 */
export type Caller = 'anyone' | 'person' | 'reader' | 'gateway' | 'operator' | 'account';

/** What an operator token must be allowed: to look, to move credit and freeze accounts, to change prices. */
export type OperatorScope = 'read' | 'money' | 'prices';

/** Role → the part of a right that it is narrowed to, in words that follow "only". */
export type Narrowing = Readonly<Partial<Record<Role, string>>>;

/** What a handler gets: parsed input, the caller, and the request for headers and streams. */
export interface RouteContext<P, Q, B, C extends Principal | undefined = Principal> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly principal: C;
  /** Who acts, for the audit. */
  readonly actor: Actor;
  readonly requestId: string;
  readonly request: Request;
  readonly response: Response;
  /** Whether the caller may still make this call: a stream asks it all the time. */
  isStillAllowed(): Promise<boolean>;
}

/** What a handler gives back; `undefined` says that it wrote to `response` itself (a stream). */
export interface RouteAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer: JSON of a schema, or text of a content type; `orText` is a type of text that may be asked for instead. */
export interface AnswerSpec {
  readonly description: string;
  readonly schema?: z.ZodType;
  readonly contentType?: string;
  readonly orText?: string;
}

export interface RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** OpenAPI form: `/v1/accounts/{accountId}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly caller: Caller;
  /** With caller `account`: the right it takes. */
  readonly right?: Right;
  /** With caller `operator`: the scope its token needs. */
  readonly scope?: OperatorScope;
  /** What every call of it counts towards: the caller's limit, and of invitations their organization's too. */
  readonly rateLimit?: RouteRateLimit;
  /** A limit that the handler counts towards itself, because a call may cost no attempt. */
  readonly handlerRateLimit?: RouteRateLimit;
  /** Where the handler allows less than the right says: role → to what it is narrowed ("their own keys"). */
  readonly narrows?: Narrowing;
  /**
   * Served by a handler of its own and not by `mountRoutes`, so that what every mounted route has is not a given;
   * one for gateways knows no other tokens, so that all else is 401 to it.
   */
  readonly bare?: true;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** A type of text that the body may come in instead of JSON. */
  readonly bodyOrText?: string;
  /** Whether the write takes, or even must have, an `Idempotency-Key` header. */
  readonly idempotent?: boolean | 'required';
  /** Other headers that it reads. */
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly required?: true }>>;
  /** Status → what it answers with. */
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  /** The problems a caller of this route must expect, beside those every route has. */
  readonly problems?: readonly ProblemCode[];
  handle(context: RouteContext<z.output<P>, z.output<Q>, z.output<B>>): Promise<RouteAnswer | undefined>;
}

/** A declared route with its types worn off: mounted by `mountRoutes`, described by `openApiDocument`. */
export interface Route {
  readonly spec: Omit<RouteSpec<z.ZodType, z.ZodType, z.ZodType>, 'handle'>;
  readonly invoke: (request: Request, response: Response) => Promise<void>;
}

/** What every route needs of its surroundings. */
export interface RouteSurroundings {
  readonly pool: Pool;
  readonly limits: RateLimits;
  resolvePrincipal(request: Request): Promise<Principal | undefined>;
}

const NOTHING = z.strictObject({});

/** Declares a route. Input is parsed once, here; the handler makes one call and chooses one status. */
export function route<
  P extends z.ZodType = typeof NOTHING,
  Q extends z.ZodType = typeof NOTHING,
  B extends z.ZodType = z.ZodUndefined,
>(surroundings: RouteSurroundings, spec: RouteSpec<P, Q, B>): Route {
  const { handle, ...description } = spec;
  return {
    spec: description,
    async invoke(request, response) {
      const principal = await admit(surroundings, spec, request);
      const params = parse(spec.params ?? NOTHING, request.params, '/path') as z.output<P>;
      const input = rest(spec, request, response);
      await surroundings.limits.take(...attemptsOf(spec.rateLimit, principal));
      const answer = await handle({
        params,
        ...input,
        principal,
        actor: actorOf(principal, request),
        isStillAllowed: () => holds(() => admit(surroundings, spec, request)),
      });
      if (answer !== undefined) send(response, answer);
    },
  };
}

/** A declaration of `accountRoute`: its path names an account or an organization, its caller has a right there. */
export type AccountRouteSpec<P extends AccountParams, Q extends z.ZodType, B extends z.ZodType> = Omit<
  RouteSpec<P, Q, B>,
  'caller' | 'right' | 'params' | 'scope' | 'handle'
> & {
  readonly right: Right;
  readonly params: P;
  handle(
    context: RouteContext<z.output<P>, z.output<Q>, z.output<B>> & { readonly access: AccountAccess },
  ): Promise<RouteAnswer | undefined>;
};

/** What the path of an account's route has to say. */
export type AccountParams = z.ZodType<{ readonly accountId: string } | { readonly organizationId: string }>;

/**
 * Declares a route on an account or an organization. Whoever does not see it gets the same 404 as for one that does
 * not exist, before anything else of the request is looked at; whoever sees it and lacks the right gets 403.
 */
export function accountRoute<
  P extends AccountParams,
  Q extends z.ZodType = typeof NOTHING,
  B extends z.ZodType = z.ZodUndefined,
>(surroundings: RouteSurroundings, spec: AccountRouteSpec<P, Q, B>): Route {
  const { handle, ...description } = spec;
  const full = { ...description, caller: 'account' as const };
  return {
    spec: full,
    async invoke(request, response) {
      const principal = await admit(surroundings, full, request);
      const params = parse(spec.params, request.params, '/path');
      const access = await requireAccess(surroundings.pool, principal, params, spec.right);
      const input = rest(spec, request, response);
      await surroundings.limits.take(...attemptsOf(spec.rateLimit, principal, access.ownerId));
      const answer = await handle({
        params,
        ...input,
        principal,
        actor: actorOf(principal, request),
        access,
        isStillAllowed: () =>
          holds(async () => {
            const still = await admit(surroundings, full, request);
            return requireAccess(surroundings.pool, still, params, spec.right);
          }),
      });
      if (answer !== undefined) send(response, answer);
    },
  };
}

/** Whether nobody says no. Where nobody can say anything, because the database is away, what was allowed still is. */
async function holds(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    return problems[problemFrom(error).code].status >= 500;
  }
}

/** What a handler gets beside the path and the caller. */
function rest<Q extends z.ZodType, B extends z.ZodType>(
  spec: { readonly query?: Q; readonly body?: B },
  request: Request,
  response: Response,
) {
  return {
    query: parse(spec.query ?? NOTHING, request.query, '/query') as z.output<Q>,
    body: (spec.body === undefined ? undefined : parse(spec.body, request.body, '')) as z.output<B>,
    requestId: request.id,
    request,
    response,
  };
}

/** Mounts declared routes on an Express router; a wrong method on a known path is 405. */
export function mountRoutes(routes: readonly Route[]): Router {
  const router = Router();
  const methodsByPath = new Map<string, string[]>();
  for (const { spec, invoke } of routes) {
    const path = spec.path.replaceAll(/\{(\w+)\}/g, ':$1');
    const handler: RequestHandler = (request, response) => invoke(request, response);
    router[spec.method](path, handler);
    methodsByPath.set(path, [...(methodsByPath.get(path) ?? []), spec.method.toUpperCase()]);
  }
  for (const [path, methods] of methodsByPath) {
    router.all(path, (request, response) => {
      response.set('allow', methods.join(', '));
      throw new Problem(
        'method-not-allowed',
        `${request.method} is not allowed here: use ${methods.join(' or ')}.`,
      );
    });
  }
  return router;
}

type Admission = Pick<Route['spec'], 'caller' | 'right' | 'scope'>;

async function admit(
  surroundings: RouteSurroundings,
  admission: Admission,
  request: Request,
): Promise<Principal> {
  const kinds = kindsAdmitted(admission);
  if (kinds.length === 0) return { kind: 'nobody' };
  const principal = await surroundings.resolvePrincipal(request);
  const needed = kinds.map((kind) => CALLER_NEEDS[kind]).join(', or ');
  if (principal === undefined) {
    throw new Problem('unauthenticated', `Send "Authorization: Bearer …" with ${needed}.`);
  }
  if (!kinds.includes(principal.kind)) {
    throw new Problem('forbidden', `This needs ${needed}; the token sent is of another kind.`);
  }
  const { scope } = admission;
  if (scope !== undefined && !(principal.kind === 'operator' && principal.token.scopes.has(scope))) {
    throw new Problem('forbidden', `This needs an operator token with the scope ${scope}.`);
  }
  return principal;
}

/** The kinds of principal that a route takes; none when anyone may call it. */
export function kindsAdmitted({ caller, right }: Admission): Principal['kind'][] {
  switch (caller) {
    case 'anyone':
      return [];
    case 'reader':
      return kindsWith('read');
    case 'account':
      return right === undefined ? [] : kindsWith(right);
    default:
      return [caller];
  }
}

const CALLER_NEEDS: Record<Principal['kind'], string> = {
  person: 'the session of a signed-in person',
  gateway: 'a gateway token',
  operator: 'an operator token',
  organization: 'an organization token',
  nobody: 'nothing',
};

function parse<T extends z.ZodType>(schema: T, input: unknown, root: string): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const errors = fieldErrors(result.error, root);
  const first = errors[0];
  throw new Problem('request-invalid', first && `${first.pointer || 'The body'}: ${first.detail}`, {
    errors,
  });
}

/** The fields that zod refused, as JSON pointers. */
export function fieldErrors(error: z.ZodError, root = ''): FieldError[] {
  return error.issues.map((issue) => ({
    pointer: [
      root,
      ...issue.path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')),
    ].join('/'),
    detail: issue.message,
  }));
}

function send(response: Response, answer: RouteAnswer): void {
  response.status(answer.status);
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.set(name, value);
  if (answer.body === undefined) response.end();
  else response.json(answer.body);
}
