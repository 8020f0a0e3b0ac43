// The HTTP side: the mails as JSON for programs and as pages for people.
import { createServer } from 'node:http';
import type { Mailbox } from './mailbox.ts';
import { listPage, mailPage } from './page.ts';

interface Answer {
  status: number;
  type: string;
  body: string;
}

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Listens on 127.0.0.1; resolves with the port it got. */
export async function startHttp(
  mailbox: Mailbox,
  port: number,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const { status, type, body } =
      request.method === 'GET' || request.method === 'HEAD'
        ? answer(mailbox, new URL(request.url ?? '/', 'http://localhost'))
        : json(405, { title: 'only GET' });
    response.writeHead(status, { ...HEADERS, 'content-type': type });
    response.end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `GET /messages?to=`, `/messages/{id}` (JSON); `/`, `/mails/{id}` (pages). */
function answer(mailbox: Mailbox, url: URL): Answer {
  const to = url.searchParams.get('to') ?? undefined;
  const [, place = '', id] = url.pathname.split('/');
  if (place === '' && id === undefined) return page(listPage(mailbox.list(to), to));
  if (place === 'messages' && id === undefined) return json(200, { items: mailbox.list(to) });
  const message = mailbox.find(id ?? '');
  if (message !== undefined && place === 'mails') return page(mailPage(message));
  if (message !== undefined && place === 'messages') return json(200, message);
  return json(404, { title: 'not found' });
}

function json(status: number, body: unknown): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(body)}\n` };
}

function page(body: string): Answer {
  return { status: 200, type: 'text/html; charset=utf-8', body };
}
