// The pages to which mails about sign-in lead: a button that confirms an address, and a form for a new password.
import express, { type Request as ExpressRequest, type Response as ExpressResponse, Router } from 'express';
import { resetPassword, verifyEmail } from './auth-endpoints.ts';
import type { AuthHandlerOptions } from './auth-handler.ts';
import { authProblem } from './auth-problems.ts';
import { type AuthCall, askAuth, authRequest } from './auth-request.ts';
import { networkOf } from './caller-address.ts';
import { toProblem } from './errors.ts';
import { type PlainPage, plainPage } from './plain-page.ts';
import { type Problem, problems } from './problem.ts';

const CONFIRMED_PAGE = '/sign-in/confirmed';
const form = express.urlencoded({ extended: false, limit: '8kb' });

/**
 * `GET` and `POST /sign-in/confirm`, `GET /sign-in/confirmed`, `GET` and `POST /sign-in/new-password`, to be mounted at
 * `/sign-in`. A GET changes nothing: programs that look at mails open their links.
 */
export function signInPages(options: AuthHandlerOptions): Router {
  const router = Router();
  const show = (response: ExpressResponse, page: PlainPage) =>
    response
      .status(page.status)
      .set('cache-control', 'no-store')
      .type('html')
      .send(plainPage(page, options.baseUrl));
  router.get('/confirm', ({ query }, response) => {
    show(response, accepted(query) === undefined ? LINK_INVALID : confirm(query));
  });
  router.post('/confirm', form, async (request, response) => {
    const onTo = await confirmed(options, request, response);
    if (onTo === undefined) show(response, LINK_INVALID);
    else response.redirect(303, onTo);
  });
  router.get('/confirmed', (_request, response) => {
    show(response, CONFIRMED);
  });
  router.get('/new-password', ({ query: { token } }, response) => {
    show(response, typeof token === 'string' && token !== '' ? choose(token) : LINK_INVALID);
  });
  router.post('/new-password', form, async (request, response) => {
    show(response, await chosen(options, request));
  });
  return router;
}

const CONFIRMED: PlainPage = {
  status: 200,
  tone: 'good',
  title: 'Thank you, that is confirmed',
  text: 'If this was about a new address, it gets a mail with a link of its own now.',
};

const LINK_INVALID: PlainPage = {
  status: 400,
  tone: 'bad',
  title: 'This link works no more',
  text: 'It was used already, is older than an hour, or is incomplete. Nothing was changed: have a new link mailed.',
};

const CHOSEN: PlainPage = {
  status: 200,
  tone: 'good',
  title: 'Your new password is set',
  text: 'You are signed out everywhere. Sign in with the new password.',
};

/** A link's token and where it leads on, if both can be. */
function accepted(sent: unknown): object | undefined {
  try {
    return verifyEmail.accept(sent, '').input;
  } catch {
    return undefined;
  }
}

function confirm(query: Readonly<Record<string, unknown>>): PlainPage {
  return {
    status: 200,
    tone: 'waiting',
    title: 'Is this your e-mail address?',
    text: 'Confirm it, as the mail says. If you did not expect that mail, close this page: nothing happens then.',
    fields: Object.entries(query).map(([name, value]) => ({ type: 'hidden', name, value: String(value) })),
    button: 'Confirm',
  };
}

/** Does what the link is for, signs its reader in where that belongs to it, and says which page of ours is next. */
async function confirmed(
  { auth, pool, baseUrl }: AuthHandlerOptions,
  request: ExpressRequest,
  response: ExpressResponse,
): Promise<string | undefined> {
  const sent = accepted(request.body);
  if (sent === undefined) return undefined;
  const call: AuthCall = {
    method: 'GET',
    path: '/verify-email',
    input: { callbackURL: CONFIRMED_PAGE, ...sent },
  };
  const answer = await askAuth(auth, pool, authRequest(request, call, baseUrl));
  if (answer.status >= 500) throw (await authProblem(answer)).problem;
  const location = answer.headers.get('location');
  if (location === null || new URL(location, baseUrl).searchParams.has('error')) return undefined;
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  return location;
}

function choose(token: string, refused?: Problem): PlainPage {
  return {
    status: refused === undefined ? 200 : problems[refused.code].status,
    tone: refused === undefined ? 'waiting' : 'bad',
    title: refused === undefined ? 'Choose a new password' : problems[refused.code].title,
    text: refused?.message ?? 'It has 8 to 128 characters. You are then signed out everywhere.',
    fields: [
      { type: 'hidden', name: 'token', value: token },
      { type: 'password', name: 'newPassword', label: 'New password' },
    ],
    button: 'Set the password',
  };
}

/** Sets the password by the same rules and limits as `POST /api/auth/reset-password`. */
async function chosen(
  { auth, pool, limits, baseUrl }: AuthHandlerOptions,
  request: ExpressRequest,
): Promise<PlainPage> {
  const sent: unknown = request.body;
  try {
    const { input, attempts } = resetPassword.accept(sent, networkOf(request.ip));
    await limits.take(...attempts);
    const call: AuthCall = { method: 'POST', path: '/reset-password', input };
    const answer = await askAuth(auth, pool, authRequest(request, call, baseUrl));
    if (!answer.ok) throw (await authProblem(answer)).problem;
    await limits.giveBack(...attempts);
    return CHOSEN;
  } catch (error) {
    const problem = toProblem(error);
    if (problems[problem.code].status >= 500) throw error;
    const token = tokenOf(sent);
    return problem.code === 'link-invalid' || token === undefined ? LINK_INVALID : choose(token, problem);
  }
}

function tokenOf(sent: unknown): string | undefined {
  return typeof sent === 'object' && sent !== null && 'token' in sent && typeof sent.token === 'string'
    ? sent.token
    : undefined;
}
