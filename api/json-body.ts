// JSON bodies: read once for every route behind it; a body of another type is refused, not ignored.
import express, { type RequestHandler } from 'express';
import { Problem } from './problem.ts';

const MAX_BODY_BYTES = 256 * 1024;
const JSON_TYPES = ['application/json', 'application/*+json'];

/** Refuses bodies that are not JSON, then parses. A request without a body goes on with `undefined`. */
export const jsonBody: RequestHandler[] = [
  (request, _response, next) => {
    const announced = request.headers['content-length'];
    const hasBody =
      request.headers['transfer-encoding'] !== undefined || (announced !== undefined && announced !== '0');
    if (hasBody && request.is(JSON_TYPES) === false) {
      throw new Problem('content-type-unsupported', 'Send the body as application/json.');
    }
    next();
  },
  express.json({ type: JSON_TYPES, limit: MAX_BODY_BYTES }),
];
