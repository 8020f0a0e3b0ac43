// Request ids: every request has one, in its answer, its log lines and what it starts.
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { v7 as uuidv7 } from 'uuid';

declare global {
  namespace Express {
    interface Request {
      /** Names this request in logs and problems. */
      id: string;
    }
  }
}

export const REQUEST_ID_HEADER = 'x-request-id';

const ACCEPTABLE = /^[\w.-]{8,64}$/;

/** The id that the caller (a proxy) gave the request, if it is short and plain; else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && ACCEPTABLE.test(given) ? given : uuidv7();
}

/** Gives every request of Express its id and repeats it in the answer. */
export const assignRequestId: RequestHandler = (request, response, next) => {
  request.id = requestIdOf(request);
  response.set(REQUEST_ID_HEADER, request.id);
  next();
};
