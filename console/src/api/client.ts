// The client: typed by the API's own OpenAPI document, with every failure thrown as a problem.
import createClient, { type Middleware } from 'openapi-fetch';
import { fetchOnce } from '../start/first-reads.ts';
import { ProblemError, Unreachable } from './problem.ts';
import type { paths } from './schema.d.ts';

const throwProblems: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return undefined;
    const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
    throw new ProblemError(isProblem ? await response.json() : {}, response.status);
  },
  onError: () => new Unreachable(),
};

/** The session travels in a cookie that scripts cannot read; nothing secret is ever kept here. */
export const api = createClient<paths>({ baseUrl: '/', credentials: 'same-origin', fetch: fetchOnce });
api.use(throwProblems);

/** The JSON body of an answer (where a route can send CSV too, that is not asked for); the client has thrown already if there is none. */
export async function read<T>(answer: Promise<{ data?: T; error?: unknown }>): Promise<Exclude<T, string>> {
  const { data } = await answer;
  if (data === undefined || typeof data === 'string') throw new ProblemError({}, 500);
  return data as Exclude<T, string>;
}
