// JSON bodies: read once for every route behind it; a body of another type is refused, not ignored.
import express, { type RequestHandler } from 'express';
import { Problem } from './problem.ts';

const MAX_BODY_BYTES = 256 * 1024;
/** A price list has some megabytes. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;
const JSON_TYPES = ['application/json', 'application/*+json'];

/** Where the JSON is a price list, whose decimals must not go through a float: handed on as it was written. */
const LISTS = /^\/v1\/operator\/prices(\/preview)?\/?$/i;

const asJson = express.json({ type: JSON_TYPES, limit: MAX_BODY_BYTES });
const asText = express.text({ type: JSON_TYPES, limit: MAX_LIST_BYTES });

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
  (request, response, next) => (LISTS.test(request.path) ? asText : asJson)(request, response, next),
];
