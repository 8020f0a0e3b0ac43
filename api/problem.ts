// Problems: the one table of everything the HTTP API answers with `application/problem+json` (RFC 9457).
import { isNativeError } from 'node:util/types';
import { isDatabaseBusy } from '../ledger/database.ts';
import { Refusal, type RefusalCode } from '../ledger/refusal.ts';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

/** Codes that only HTTP knows; the ledger's own refusals are beside them in `problems`. */
export type ProblemCode =
  | RefusalCode
  | 'request-malformed'
  | 'request-invalid'
  | 'request-timeout'
  | 'content-type-unsupported'
  | 'body-too-large'
  | 'too-many-events'
  | 'unauthenticated'
  | 'sign-in-failed'
  | 'email-unverified'
  | 'two-factor-failed'
  | 'password-wrong'
  | 'password-not-accepted'
  | 'link-invalid'
  | 'origin-not-allowed'
  | 'rate-limited'
  | 'not-found'
  | 'method-not-allowed'
  | 'idempotency-key-in-use'
  | 'webhook-signature-invalid'
  | 'overloaded'
  | 'database-busy'
  | 'database-unavailable'
  | 'payments-unavailable'
  | 'workflows-unavailable'
  | 'auto-top-up-invalid'
  | 'payment-method-unknown'
  | 'card-not-usable'
  | 'internal-error';

/** Code → status and title. Every code has a page, `docs/problems/<code>.md`; a test holds both together. */
export const problems: Record<ProblemCode, ProblemKind> = {
  'amount-malformed': { status: 400, title: 'The amount is not a decimal string in dollars' },
  'amount-not-in-cents': { status: 400, title: 'The amount has a part below one cent' },
  'amount-out-of-range': { status: 400, title: 'The amount is outside the bounds' },
  'account-not-found': { status: 404, title: 'There is no such account' },
  'account-frozen': { status: 409, title: 'The account is frozen' },
  'account-closed': { status: 409, title: 'The account is closed' },
  'fenced-out': { status: 409, title: 'A newer run of the account has taken over' },
  'entry-out-of-order': { status: 500, title: 'The ledger refused an entry out of order' },
  'entry-unbalanced': { status: 500, title: 'The ledger refused an unbalanced posting' },
  'record-immutable': { status: 500, title: 'The ledger refused to change what was recorded' },
  'price-not-ahead': { status: 409, title: 'A new price must lie at least five minutes ahead' },
  'price-list-malformed': { status: 400, title: 'The price list cannot be read' },
  'api-key-unknown': { status: 422, title: 'There is no such API key' },
  'api-key-revoked': { status: 422, title: 'The API key was revoked before this usage' },
  'api-key-expired': { status: 422, title: 'The API key had expired before this usage' },
  'usage-invalid': { status: 422, title: 'The usage event is not valid' },
  'usage-too-old': { status: 422, title: 'The usage is older than 35 days' },
  'usage-ahead-of-time': { status: 422, title: 'The usage lies in the future' },
  'usage-conflict': { status: 409, title: 'The id was used for other usage' },
  'usage-unpriced': { status: 202, title: 'The model has no price yet' },
  'cost-not-allowed': { status: 403, title: 'This token may not set a cost' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used for another request' },
  'api-key-inactive': { status: 409, title: 'The API key works no more' },
  'member-not-found': { status: 404, title: 'There is no such member' },
  'token-expired': { status: 401, title: 'The token has expired' },
  'token-revoked': { status: 401, title: 'The token was revoked' },
  'last-owner': { status: 409, title: 'An organization always has an owner' },
  'person-erased': { status: 409, title: 'The person was erased' },
  'slug-taken': { status: 409, title: 'This slug belongs to another organization' },
  'already-member': { status: 409, title: 'This person is a member already' },
  'already-invited': { status: 409, title: 'This address is invited already' },
  'too-many-invitations': { status: 409, title: 'Too many invitations wait for an answer' },
  'invitation-not-found': { status: 404, title: 'There is no such invitation' },
  'invitation-not-yours': { status: 403, title: 'The invitation is for another address' },
  'invitation-over': { status: 409, title: 'The invitation can no longer be used' },
  'payment-under-review': { status: 409, title: 'A payment here is under review' },
  'payment-not-creditable': { status: 409, title: 'This payment cannot be credited' },
  'quarantine-resolved': { status: 409, title: 'Somebody has decided about this payment already' },
  'request-malformed': { status: 400, title: 'The request cannot be read' },
  'request-invalid': { status: 400, title: 'The request is not valid' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'content-type-unsupported': { status: 415, title: 'The content type is not supported' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'too-many-events': { status: 413, title: 'Too many events in one request' },
  unauthenticated: { status: 401, title: 'Sign in or send a valid token' },
  'sign-in-failed': { status: 401, title: 'The e-mail address or the password is wrong' },
  'email-unverified': { status: 403, title: 'The e-mail address is not confirmed yet' },
  'two-factor-failed': { status: 401, title: 'The second factor was not accepted' },
  'password-wrong': { status: 400, title: 'The current password is wrong' },
  'password-not-accepted': { status: 400, title: 'This password cannot be used' },
  'link-invalid': { status: 400, title: 'The link is not valid any more' },
  'origin-not-allowed': { status: 403, title: 'The request does not come from our own pages' },
  'rate-limited': { status: 429, title: 'Too many attempts: wait a little' },
  forbidden: { status: 403, title: 'Your role does not allow this' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'organization-not-found': { status: 404, title: 'There is no such organization' },
  'method-not-allowed': { status: 405, title: 'This method is not allowed here' },
  'idempotency-key-in-use': { status: 409, title: 'A request with this Idempotency-Key is under way' },
  'webhook-signature-invalid': { status: 400, title: 'The webhook signature is not valid' },
  overloaded: { status: 429, title: 'Too much at once: try again shortly' },
  'database-busy': { status: 503, title: 'Somebody else is changing the same thing' },
  'database-unavailable': { status: 503, title: 'The database is not reachable' },
  'auto-top-up-invalid': { status: 400, title: 'The rule of auto top-up contradicts itself' },
  'payment-method-unknown': { status: 422, title: 'You have no such saved card' },
  'card-not-usable': { status: 409, title: 'This card cannot be used for auto top-up' },
  'workflows-unavailable': { status: 503, title: 'The workflow engine is not reachable' },
  'payments-unavailable': { status: 503, title: 'The payment provider is not reachable' },
  'internal-error': { status: 500, title: 'Something went wrong on our side' },
};

/** One field of the input that was refused, by JSON pointer. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** The body of a problem, as it goes over the wire. `code` is the last part of `type`. */
export interface ProblemBody {
  readonly type: string;
  readonly code: ProblemCode;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly instance?: string;
  readonly errors?: readonly FieldError[];
}

/** Thrown by routes for what only HTTP knows; `detail` is read by a person. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ProblemCode,
    detail?: string,
    more: { errors?: readonly FieldError[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail ?? problems[code].title, { cause: more.cause });
    this.code = code;
    this.errors = more.errors;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

/** The wire form of a code; `instance` carries the request id so that an operator finds the log lines. */
export function problemBody(
  code: ProblemCode,
  more: { detail?: string; requestId?: string; errors?: readonly FieldError[] } = {},
): ProblemBody {
  const { status, title } = problems[code];
  return {
    type: `/problems/${code}`,
    code,
    title,
    status,
    ...(more.detail !== undefined && more.detail !== title && { detail: more.detail }),
    ...(more.requestId !== undefined && { instance: `urn:request:${more.requestId}` }),
    ...(more.errors !== undefined && more.errors.length > 0 && { errors: more.errors }),
  };
}

const CONNECTION_FAILURES =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|57P0[1-5]|08\w{3}|25P0[34])$/;

/* A full disk, no memory, no connection left; a fault of the system; a standby, which takes no writes. */
const CANNOT_WRITE = /^(53\w{3}|58\w{3}|25006)$/;

/** Turns whatever was thrown into a problem: refusals keep their code, a database that is away or busy is a 503. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Refusal) return new Problem(error.code, error.message);
  if (isDatabaseAway(error)) {
    return new Problem('database-unavailable', 'Nothing was stored. Try again in a moment.', {
      retryAfterSeconds: 1,
      cause: error,
    });
  }
  if (isDatabaseBusy(error)) {
    return new Problem('database-busy', 'Nothing was stored. Try again in a moment.', {
      retryAfterSeconds: 1,
      cause: error,
    });
  }
  return new Problem(
    'internal-error',
    'Nothing is known to be stored. The request id finds it in the logs.',
    {
      cause: error,
    },
  );
}

/** Whether Postgres cannot be reached, is shutting down or starting up, dropped the connection, or can't write at all. */
export function isDatabaseAway(error: unknown): boolean {
  // one of Node's own may come from another realm, where `instanceof` does not know it
  if (!isNativeError(error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return (
    CONNECTION_FAILURES.test(code) ||
    CANNOT_WRITE.test(code) ||
    /Connection terminated|connection timeout|timeout exceeded when trying to connect/i.test(error.message)
  );
}
