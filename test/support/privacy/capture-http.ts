// Captures over HTTP: every route that can be read, as somebody, and what the event stream tells them meanwhile.
import type { Operation } from '../../../dev/access/operations.ts';
import type { Capture, CaptureKind } from './leaks.ts';

/** Somebody who looks. */
export interface Observer {
  readonly name: string;
  /** Nobody has none. */
  readonly token: string | undefined;
  /** Parameter of a path → what they could know and try. */
  readonly known: Readonly<Record<string, readonly string[]>>;
}

/** Static pages: the same for everybody, made before anybody paid. */
const STATIC = new Set(['/openapi.json', '/problems/{code}', '/healthz', '/readyz']);
const NOBODYS_ID = '01890a5d-ac96-774b-bcce-b302099a8057';

/** Reads everything that the document lets one read, as an observer. */
export async function captureReads(
  url: string,
  operations: readonly Operation[],
  observer: Observer,
): Promise<Capture[]> {
  const reads = operations.filter(({ method, path }) => method === 'GET' && !STATIC.has(path));
  const captures: Capture[] = [];
  for (const operation of reads) {
    const types = operation.answers.get(200) ?? [];
    if (types.includes('text/event-stream')) continue;
    for (const path of filled(operation.path, observer.known)) {
      captures.push(await read(url, path, observer, 'application/json'));
      if (types.includes('text/csv')) captures.push(await read(url, path, observer, 'text/csv'));
    }
  }
  return captures;
}

/** Ids of the payer's that somebody has come to know, and what they try with them. */
export interface Learnt {
  readonly accountId: string;
  readonly paymentMethodIds: readonly string[];
  readonly sessionIds: readonly string[];
  readonly topUpIds: readonly string[];
}

/** Opens the payer's return pages, and tries to pay, charge and remove with the payer's cards, as an observer. */
export async function captureTries(url: string, learnt: Learnt, observer: Observer): Promise<Capture[]> {
  const { accountId, paymentMethodIds, sessionIds, topUpIds } = learnt;
  const rule = { threshold: '10.00', amount: '20.00', monthlyCap: '100.00' };
  const captures: Capture[] = [];
  for (const path of [
    ...sessionIds.map((id) => `/billing/return?session_id=${id}`),
    ...topUpIds.flatMap((id) => [`/billing/cancelled/${id}`, `/billing/recover/${id}`]),
  ])
    captures.push(await read(url, path, observer, 'text/html'));
  for (const [method, path, body] of [
    ...topUpIds.map((id) => ['POST', `/v1/me/top-ups/${id}/recovery`] as const),
    ...paymentMethodIds.flatMap((paymentMethodId) => [
      ['DELETE', `/v1/me/payment-methods/${paymentMethodId}`] as const,
      ['PUT', `/v1/accounts/${accountId}/auto-top-up`, { ...rule, paymentMethodId }] as const,
    ]),
  ])
    captures.push(await read(url, path, observer, 'application/json', { method, body }));
  return captures;
}

async function read(
  url: string,
  path: string,
  { name, token }: Observer,
  accept: string,
  { method = 'GET', body }: { method?: string; body?: object | undefined } = {},
): Promise<Capture> {
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      accept,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = `${JSON.stringify([...response.headers])}\n${await response.text()}`;
  const from = `${method === 'GET' ? '' : `${method} `}${path} as ${name} (${response.status})`;
  return { kind: kindOf(response, accept, path), from, text };
}

function kindOf(response: Response, accept: string, path: string): CaptureKind {
  // for those who read logs
  if (path === '/metrics') return 'log line';
  if (response.status >= 400) return 'problem';
  return accept === 'text/csv' ? 'CSV' : 'response';
}

/** A path once for each value that its parameters can have. */
function filled(path: string, known: Observer['known']): string[] {
  const [parameter, name] = /\{(\w+)\}/.exec(path) ?? [];
  if (parameter === undefined || name === undefined) return [path];
  return (known[name] ?? [NOBODYS_ID]).flatMap((value) => filled(path.replace(parameter, value), known));
}

export interface Listening {
  /** What was told until now. */
  heard(): string;
  /** What was told until now; the stream ends. */
  stop(): Promise<Capture>;
}

/** Listens to an account's events as an observer. */
export async function listen(url: string, accountId: string, { name, token }: Observer): Promise<Listening> {
  const end = new AbortController();
  const response = await fetch(`${url}/v1/accounts/${accountId}/events`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: end.signal,
  });
  let text = `${response.status}\n`;
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  })().catch(() => undefined);
  return {
    heard: () => text,
    async stop() {
      end.abort();
      await reading;
      return { kind: 'event stream', from: `${accountId} as ${name}`, text };
    },
  };
}
