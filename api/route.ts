// Routes: one declaration says who may call, what is parsed, what is answered, and is the OpenAPI document too.
import type { Request, RequestHandler, Response } from 'express';
import { Router } from 'express';
import { z } from 'zod';
import type { Principal } from './principal.ts';
import { type FieldError, Problem, type ProblemCode } from './problem.ts';

/** Who may call a route: `reader` is a signed-in person or an operator. Rights on the object come on top. */
export type Caller = 'anyone' | 'person' | 'reader' | 'gateway' | 'operator';

/** What a handler gets: parsed input, the caller, and the request for headers and streams. */
export interface RouteContext<P, Q, B, C extends Principal | undefined = Principal> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly principal: C;
  readonly requestId: string;
  readonly request: Request;
  readonly response: Response;
}

/** What a handler gives back; `undefined` says that it wrote to `response` itself (a stream). */
export interface RouteAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** OpenAPI form: `/v1/accounts/{accountId}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly caller: Caller;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Whether the write takes an `Idempotency-Key` header. */
  readonly idempotent?: boolean;
  /** Status → what it answers with; a schema, or a content type for streams. */
  readonly answers: Readonly<
    Record<number, { description: string; schema?: z.ZodType; contentType?: string }>
  >;
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
      const principal = await admit(surroundings, spec.caller, request);
      const answer = await handle({
        params: parse(spec.params ?? NOTHING, request.params, '/path') as z.output<P>,
        query: parse(spec.query ?? NOTHING, request.query, '/query') as z.output<Q>,
        body: (spec.body === undefined ? undefined : parse(spec.body, request.body, '')) as z.output<B>,
        principal,
        requestId: request.id,
        request,
        response,
      });
      if (answer !== undefined) send(response, answer);
    },
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

async function admit(surroundings: RouteSurroundings, caller: Caller, request: Request): Promise<Principal> {
  if (caller === 'anyone') return { kind: 'nobody' };
  const principal = await surroundings.resolvePrincipal(request);
  if (principal === undefined) {
    throw new Problem('unauthenticated', `Send "Authorization: Bearer …" with ${CALLER_NEEDS[caller]}.`);
  }
  const admitted = caller === 'reader' ? ['person', 'operator'] : [caller];
  if (!admitted.includes(principal.kind)) {
    throw new Problem('forbidden', `This needs ${CALLER_NEEDS[caller]}; the token sent is of another kind.`);
  }
  return principal;
}

const CALLER_NEEDS: Record<Exclude<Caller, 'anyone'>, string> = {
  person: 'the session of a signed-in person',
  reader: 'the session of a signed-in person, or an operator token',
  gateway: 'a gateway token',
  operator: 'an operator token',
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
