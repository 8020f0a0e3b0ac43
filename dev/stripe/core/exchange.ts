// What an API request and its reply consist of: headers, envelopes, a cut connection.
import { API_VERSION } from './api-version.ts';
import { envelope, StripeRefusal } from './refusal.ts';
import { type RequestFault, serverError } from './request-faults.ts';

export interface ApiRequest {
  method: string;
  path: string;
  query: string;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

export interface ApiReply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A connection to be cut instead of an answer. */
export const DROP = Symbol('drop');

export interface Pending {
  request: ApiRequest;
  requestId: string;
  receivedAtMs: number;
  version: string | null;
  key: string | null;
  fault: RequestFault | undefined;
}

/** The reply that carries a refusal. */
export function refusalReply(pending: Pending, refusal: StripeRefusal): ApiReply {
  const body = JSON.stringify(envelope(refusal.error, pending.requestId), null, 2);
  const headers = headersOf(pending, null);
  if (refusal.status === 429) headers['Retry-After'] = '1';
  return { status: refusal.status, headers, body };
}

/** Headers of a reply; `originalRequest` names the request whose reply is given again. */
export function headersOf(pending: Pending, originalRequest: string | null): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'Request-Id': pending.requestId,
    'Stripe-Version': pending.version ?? API_VERSION,
    ...(pending.key !== null && { 'Idempotency-Key': pending.key }),
    ...(originalRequest !== null && { 'Idempotent-Replayed': 'true', 'Original-Request': originalRequest }),
  };
}

/** 404 with an error envelope, which the client needs to see a failure. */
export function unknownRoute({ method, path }: ApiRequest): StripeRefusal {
  return new StripeRefusal(
    404,
    {
      type: 'invalid_request_error',
      message: `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
    },
    { executed: false },
  );
}

/** The refusal thrown, or 500 for a fault of the sandbox itself, which is written to stderr. */
export function asRefusal(error: unknown): StripeRefusal {
  if (error instanceof StripeRefusal) return error;
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return serverError(false, false);
}

/** A request header's first value. */
export function header(request: ApiRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
