// `POST /v1/usage` on bare `node:http`: Express would cost five times the request itself.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem, type ProblemBody, problemBody, problemFrom, problems } from '../problem.ts';
import { requestIdOf } from '../request-id.ts';
import { eventsOf, formatOf, MOST_EVENTS } from './body.ts';
import type { Intake } from './intake.ts';

const MOST_BODY_BYTES = 4 * 1024 * 1024;
const MOST_BODIES_BYTES = 16 * 1024 * 1024;
const BODY_WITHIN_MS = 10_000;

/** What the handler needs to know of the caller. */
export interface UsageSender {
  readonly scopes: ReadonlySet<string>;
}

export interface UsageHandlerOptions {
  readonly intake: Intake;
  /** The gateway token behind an `Authorization` header, or undefined. */
  readonly authenticate: (
    authorization: string | undefined,
  ) => UsageSender | undefined | Promise<UsageSender | undefined>;
  /** How long a body may take to arrive, so that a client that trickles it cannot hold room for long; 10 s. */
  readonly bodyWithinMs?: number;
  /** Hears of answers of 500 and above. */
  readonly onFailure: (error: unknown, requestId: string) => void;
}

/** Makes the handler; it answers whether the request was its own. */
export function createUsageHandler(options: UsageHandlerOptions) {
  let bytesHeld = 0;
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = request.url ?? '';
    if (path !== '/v1/usage' && !path.startsWith('/v1/usage?')) return false;
    void answer(request, response);
    return true;
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = requestIdOf(request);
    let held = 0;
    try {
      if (request.method !== 'POST') {
        response.setHeader('allow', 'POST');
        throw new Problem('method-not-allowed', `${request.method} is not allowed here: use POST.`);
      }
      const granted = options.authenticate(request.headers.authorization);
      const sender = granted instanceof Promise ? await granted : granted;
      if (sender === undefined) {
        throw new Problem('unauthenticated', 'Send "Authorization: Bearer …" with a gateway token.');
      }
      if (!sender.scopes.has('usage')) {
        throw new Problem('forbidden', 'This needs a gateway token with the scope usage.');
      }
      const format = formatOf(request.headers['content-type']);
      requirePlain(request.headers['content-encoding']);
      const declared = Number(request.headers['content-length'] ?? 0);
      if (declared > MOST_BODY_BYTES) throw tooLarge();
      const hold = (bytes: number) => {
        if (bytesHeld + bytes > MOST_BODIES_BYTES) {
          throw new Problem('overloaded', 'Nothing of this request was stored. Send it again in a second.', {
            retryAfterSeconds: 1,
          });
        }
        held += bytes;
        bytesHeld += bytes;
      };
      // held before it is read, so that many that come at once don't all find room
      hold(declared);
      const body = await readBody(request, options.bodyWithinMs ?? BODY_WITHIN_MS, (bytes) => {
        if (declared === 0) hold(bytes);
      });
      const events = eventsOf(body, format);
      if (events.length > MOST_EVENTS) {
        throw new Problem(
          'too-many-events',
          `A request takes up to ${MOST_EVENTS} events; this one has more.`,
        );
      }
      const results = await options.intake.record(events, sender.scopes.has('explicit-cost'), requestId);
      send(response, 200, 'application/json', JSON.stringify({ results }), requestId);
    } catch (error) {
      const problem = problemFrom(error);
      if (problems[problem.code].status >= 500) options.onFailure(error, requestId);
      if (problems[problem.code].status === 401) response.setHeader('www-authenticate', 'Bearer');
      if (problem.retryAfterSeconds !== undefined)
        response.setHeader('retry-after', problem.retryAfterSeconds);
      // an unread body would be taken for the next request on this connection
      if (!request.complete) response.setHeader('connection', 'close');
      const shown: ProblemBody = problemBody(problem.code, { detail: problem.message, requestId });
      send(response, shown.status, 'application/problem+json', JSON.stringify(shown), requestId);
    } finally {
      bytesHeld -= held;
    }
  }
}

function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
  requestId: string,
): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': contentType,
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
  });
  response.end(body);
}

function requirePlain(contentEncoding: string | undefined): void {
  if (contentEncoding === undefined || contentEncoding.toLowerCase() === 'identity') return;
  throw new Problem('content-type-unsupported', 'Send the body as it is, without a Content-Encoding.');
}

function tooLarge(): Problem {
  return new Problem(
    'body-too-large',
    `A body takes up to ${MOST_BODY_BYTES} bytes: send fewer events at once.`,
  );
}

/** The whole body. Refuses one that is too large, that ends too early, or that takes longer than `withinMs`. */
function readBody(
  request: IncomingMessage,
  withinMs: number,
  onBytes: (bytes: number) => void,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => {
    const detail = `The body did not arrive within ${withinMs / 1_000} seconds. Nothing was stored.`;
    reject(new Problem('request-timeout', detail));
  }, withinMs);
  const onBroken = (cause?: Error) => {
    reject(new Problem('request-malformed', 'The request ended before its body was complete.', { cause }));
  };
  const onChunk = (chunk: Buffer) => {
    length += chunk.length;
    chunks.push(chunk);
    try {
      if (length > MOST_BODY_BYTES) throw tooLarge();
      onBytes(chunk.length);
    } catch (error) {
      reject(error);
    }
  };
  const onEnd = () => {
    const [first] = chunks;
    resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length));
  };
  request.on('data', onChunk).once('end', onEnd).once('error', onBroken).once('close', onBroken);
  return promise.finally(() => {
    clearTimeout(timer);
    request.off('data', onChunk).off('end', onEnd).off('close', onBroken);
    if (!request.complete) request.pause();
  });
}
