// The door to better-auth in Express: bounded bodies, the caller's true address, and no 5xx for bad input.
import type { Request as ExpressRequest, Response as ExpressResponse, RequestHandler } from 'express';
import { type Auth, CLIENT_ADDRESS_HEADER } from './auth.ts';
import { inputFault } from './auth-input.ts';
import { Problem } from './problem.ts';

const MAX_BODY_BYTES = 64 * 1024;

/**
 * Serves `/api/auth/*`. Mount it before any body parser. Better-auth's errors go out as they are; what it does not
 * answer itself (the database is away) goes on to the error function of the API.
 */
export function authHandler(auth: Auth, baseUrl: string): RequestHandler {
  return async (request, response) => {
    const body = await readBody(request);
    const answer = await answerOf(auth, webRequest(request, body, baseUrl));
    await send(answer, response);
  };
}

async function answerOf(auth: Auth, request: Request): Promise<Response> {
  try {
    return await auth.handler(request);
  } catch (error) {
    const fault = inputFault(error);
    if (fault === undefined) throw error;
    const { status, ...body } = fault;
    return Response.json(body, { status });
  }
}

/** Only POST has a body here; one beyond the bound is refused before it is kept. */
async function readBody(request: ExpressRequest): Promise<Buffer | undefined> {
  if (request.method === 'GET' || request.method === 'HEAD') return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new Problem('body-too-large', `At most ${MAX_BODY_BYTES} bytes are read here.`);
    chunks.push(chunk);
  }
  return bytes === 0 ? undefined : Buffer.concat(chunks);
}

/** The address is ours and not the Host header's, which anybody may write. */
function webRequest(request: ExpressRequest, body: Buffer | undefined, baseUrl: string): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  // Node's own fetch sends this one alone, and would be taken for a browser that hides where it is
  if (!headers.has('sec-fetch-site')) headers.delete('sec-fetch-mode');
  headers.delete(CLIENT_ADDRESS_HEADER);
  if (request.ip !== undefined) headers.set(CLIENT_ADDRESS_HEADER, request.ip);
  return new Request(new URL(request.originalUrl, baseUrl), {
    method: request.method,
    headers,
    ...(body !== undefined && { body: new Uint8Array(body) }),
  });
}

async function send(answer: Response, response: ExpressResponse): Promise<void> {
  response.status(answer.status);
  for (const [name, value] of answer.headers) {
    if (name !== 'set-cookie') response.setHeader(name, value);
  }
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.end(Buffer.from(await answer.arrayBuffer()));
}
