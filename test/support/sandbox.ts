// The Stripe sandbox for tests: started in this process, called through the official client, with an endpoint that collects its events.
import http from 'node:http';
import Stripe from 'stripe';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../dev/stripe/server.ts';

export interface TestSandbox extends Sandbox {
  stripe: Stripe;
  /** POSTs JSON to a `/_sandbox` path, or GETs it without a body; yields the reply's JSON, throws on a refusal. */
  control(path: string, body?: object): Promise<Record<string, unknown>>;
  /** Charges as `/_sandbox/charges` lists them. */
  charges(query?: Record<string, string>): Promise<Record<string, unknown>[]>;
}

/** A sandbox on a free port. */
export async function startTestSandbox(options: SandboxOptions = {}): Promise<TestSandbox> {
  const sandbox = await startSandbox(options);
  const control = controlOf(sandbox.url);
  return {
    ...sandbox,
    stripe: stripeClient(sandbox.port),
    control,
    async charges(query = {}) {
      const { items } = await control(`charges?${new URLSearchParams(query)}`);
      return Array.isArray(items) ? items : [];
    },
  };
}

/** The official client, pointed at a sandbox, without retries of its own. */
export function stripeClient(port: number): Stripe {
  return new Stripe('sk_test_sandbox', {
    host: '127.0.0.1',
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    timeout: 10_000,
    telemetry: false,
  });
}

/** The control API of the sandbox at `url`. */
export function controlOf(url: string): TestSandbox['control'] {
  return async (path, body) => {
    const given = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`${url}/_sandbox/${path}`, given);
    const reply: Record<string, unknown> = JSON.parse(await response.text());
    if (!response.ok) throw new Error(JSON.stringify(reply));
    return reply;
  };
}

/** Submits a hosted page's form without following the redirect. */
export function submitPage(url: string, form: Record<string, string>): Promise<Response> {
  return fetch(url, { method: 'POST', redirect: 'manual', body: new URLSearchParams(form) });
}

interface Received {
  payload: string;
  signature: string;
  type: string;
  id: string;
}

export interface Endpoint {
  url: string;
  received: Received[];
  types(): string[];
  /** What the endpoint answers from now on. */
  answerWith(status: number): void;
  close(): Promise<void>;
}

/** A webhook endpoint that keeps what it gets. */
export async function startEndpoint(port = 0): Promise<Endpoint> {
  const received: Received[] = [];
  let status = 200;
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const payload = Buffer.concat(chunks).toString('utf8');
    const { id, type }: { id: string; type: string } = JSON.parse(payload);
    received.push({ payload, signature: String(request.headers['stripe-signature']), id, type });
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${bound}/webhooks/stripe`,
    received,
    types: () => received.map(({ type }) => type),
    answerWith: (next) => {
      status = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Waits until `check` holds; fails after ten seconds. */
export async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`waited ten seconds for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What a call was refused with; fails when it was not. */
export async function refusalOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  const outcome = await call.then(
    () => null,
    (error: unknown) => error,
  );
  if (outcome instanceof Stripe.errors.StripeError) return outcome;
  throw outcome ?? new Error('the call was not refused');
}
