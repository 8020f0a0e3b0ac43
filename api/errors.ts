// Errors: the one place where whatever was thrown becomes an answer of `application/problem+json`.
import type { ErrorRequestHandler, Response } from 'express';
import pg from 'pg';
import { refusalFrom } from '../ledger/database.ts';
import type { Logger } from './logging.ts';
import { Problem, problemBody, problemFrom, problems } from './problem.ts';

/** Express's error function. A fault of ours is logged with the request's id; what the caller did wrong is not. */
export function answerErrors(log: Logger): ErrorRequestHandler {
  return (error, request, response, _next) => {
    const problem = toProblem(error);
    const { status } = problems[problem.code];
    if (status >= 500) {
      log.error({ requestId: request.id, code: problem.code, err: problem.cause ?? error }, 'request failed');
    }
    if (response.headersSent) {
      // a stream that broke: an end without its last chunk tells the caller that something is missing
      response.destroy();
      return;
    }
    sendProblem(response, problem, request.id);
  };
}

/** Writes a problem as the answer. */
export function sendProblem(response: Response, problem: Problem, requestId: string): void {
  const { status } = problems[problem.code];
  if (problem.retryAfterSeconds !== undefined) response.set('retry-after', String(problem.retryAfterSeconds));
  if (status === 401) response.set('www-authenticate', 'Bearer');
  response.removeHeader('etag');
  response
    .status(status)
    .set('cache-control', 'no-store')
    .type('application/problem+json')
    .send(
      JSON.stringify(
        problemBody(problem.code, {
          detail: problem.message,
          requestId,
          ...(problem.errors !== undefined && { errors: problem.errors }),
        }),
      ),
    );
}

/** The problem for whatever was thrown: faults of the body first, then what SQL refused, then everything else. */
export function toProblem(error: unknown): Problem {
  return bodyProblem(error) ?? textProblem(error) ?? problemFrom(refusalFrom(error) ?? error);
}

/** Faults found by Express's body parsers and router, which carry a `type` or a `status` of 4xx. */
function bodyProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || error instanceof Problem) return undefined;
  switch ('type' in error ? error.type : undefined) {
    case 'entity.parse.failed':
      return new Problem('request-malformed', 'The body is not a valid JSON object or array.');
    case 'entity.too.large':
      return new Problem(
        'body-too-large',
        'limit' in error ? `At most ${error.limit} bytes are read here.` : undefined,
      );
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new Problem(
        'content-type-unsupported',
        'Send JSON in UTF-8, plain or compressed with gzip, deflate or br.',
      );
    default:
      return 'status' in error && error.status === 400 && 'expose' in error
        ? new Problem('request-malformed', 'The address or the body of the request cannot be read.')
        : error instanceof URIError
          ? new Problem('request-malformed', 'The address of the request is not valid percent-encoding.')
          : undefined;
  }
}

/** Text that Postgres cannot hold: a NUL character or half of a surrogate pair. */
function textProblem(error: unknown): Problem | undefined {
  if (!(error instanceof pg.DatabaseError) || !['22021', '22P05'].includes(error.code ?? ''))
    return undefined;
  return new Problem('request-invalid', 'A text holds a NUL character or half of a surrogate pair.');
}
