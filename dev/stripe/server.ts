// The sandbox as a server: opens the store, listens, hands each request to the API, the control API or a page.
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { requireDevelopment } from './config.ts';
import { control } from './control/control.ts';
import { setEndpoint } from './control/endpoint.ts';
import { apiOf } from './core/api.ts';
import { type ApiRequest, DROP } from './core/exchange.ts';
import { newId } from './core/ids.ts';
import { type PersistedList, persistedList } from './core/persisted-list.ts';
import { envelope } from './core/refusal.ts';
import type { RequestFault } from './core/request-faults.ts';
import { openStore } from './core/store.ts';
import { openWorld, type World } from './core/world.ts';
import { nextTimerAtMs, runDueTimers } from './flows/timers.ts';
import { servePage } from './pages/pages.ts';
import { ROUTES } from './routes/all.ts';
import { startCourier } from './webhooks/courier.ts';

const BODY_LIMIT = 1_000_000;
const IDLE_MS = 60_000;

export interface SandboxOptions {
  /** 0 or absent: a free port. */
  port?: number | undefined;
  /** An SQLite file, or absent for memory. */
  dataFile?: string | undefined;
  webhookUrl?: string | undefined;
  webhookSecret?: string | undefined;
  /** Where browsers reach it, if not at `http://127.0.0.1:<port>`. */
  baseUrl?: string | undefined;
}

export interface Sandbox {
  url: string;
  port: number;
  /** Of the endpoint set by the options, `setWebhookUrl` or `/_sandbox/webhook`. */
  webhookSecret: string;
  setWebhookUrl(url: string): void;
  close(): Promise<void>;
}

/** Starts a sandbox on 127.0.0.1. Throws in production: it answers every test key. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  requireDevelopment();
  const store = openStore(options.dataFile ?? ':memory:');
  const server = http.createServer();
  await listen(server, options.port ?? 0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}`;
  const world = openWorld(store, options.baseUrl?.replace(/\/+$/, '') ?? url);
  const secret = options.webhookSecret ?? store.setting('webhook_secret') ?? newId('whsec', 32);
  store.saveSetting('webhook_secret', secret);
  if (options.webhookUrl !== undefined) setEndpoint(world, { url: options.webhookUrl, secret });

  const faults: PersistedList<RequestFault> = persistedList(store, 'request_faults');
  const courier = startCourier(world);
  const timers = keepTime(world, () => courier.wake());
  const wake = () => {
    courier.wake();
    timers.wake();
  };
  const api = apiOf(world, faults, ROUTES, (requestId) => courier.sendAhead(requestId));
  let closed = false;
  const controlled = { world, faults, courier, wake };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams, search } = new URL(request.url ?? '/', url);
    const method = request.method ?? 'GET';
    const body = await bodyOf(request);
    if (pathname.startsWith('/_sandbox')) {
      const reply = control(controlled, method, pathname, searchParams, parsedJson(body));
      send(response, reply.status, { 'Content-Type': 'application/json' }, JSON.stringify(reply.body));
    } else if (pathname.startsWith('/v1/') || pathname.startsWith('/v2/')) {
      const call: ApiRequest = {
        method,
        path: pathname,
        query: search.slice(1),
        body,
        headers: request.headers,
      };
      const reply = await api(call);
      if (reply === DROP) request.socket.destroy();
      else send(response, reply.status, reply.headers, reply.body);
    } else {
      const page = servePage(world, method, pathname, body);
      const headers =
        page.location === undefined ? PAGE_HEADERS : { ...PAGE_HEADERS, Location: page.location };
      send(response, page.status, headers, page.html ?? '');
    }
    wake();
  };
  server.on('request', (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!closed) fail(response, error);
    });
  });

  return {
    url,
    port,
    webhookSecret: secret,
    setWebhookUrl: (webhookUrl) => {
      setEndpoint(world, { url: webhookUrl, secret });
    },
    async close() {
      closed = true;
      timers.stop();
      const ended = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await ended;
      await courier.stop();
      store.close();
    },
  };
}

const PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Runs timers when they are due, on the sandbox clock. */
function keepTime(world: World, onChange: () => void): { wake(): void; stop(): void } {
  let timer: NodeJS.Timeout | null = null;
  const wake = () => {
    if (timer !== null) clearTimeout(timer);
    const at = nextTimerAtMs(world);
    if (at === null) return;
    timer = setTimeout(run, Math.min(Math.max(at - world.clock.nowMs(), 0), IDLE_MS));
  };
  const run = () => {
    runDueTimers(world);
    onChange();
    wake();
  };
  wake();
  return {
    wake,
    stop: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

function listen(server: http.Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > BODY_LIMIT) throw new Error('the request body is over 1 MB');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsedJson(body: string): unknown {
  try {
    return body === '' ? {} : JSON.parse(body);
  } catch {
    return null;
  }
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${error instanceof Error ? error.stack : message}\n`);
  const body = JSON.stringify(envelope({ type: 'api_error', message }, newId('req', 14)));
  send(response, 500, { 'Content-Type': 'application/json' }, body);
}
