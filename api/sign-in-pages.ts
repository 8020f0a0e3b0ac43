// The pages to which mails about sign-in lead where no console takes over: an address confirmed, a new password chosen.
import express, { type Request as ExpressRequest, type Response as ExpressResponse, Router } from 'express';
import { resetPassword } from './auth-endpoints.ts';
import type { AuthHandlerOptions } from './auth-handler.ts';
import { authProblem } from './auth-problems.ts';
import { networkOf } from './caller-address.ts';
import { toProblem } from './errors.ts';
import { type PlainPage, plainPage } from './plain-page.ts';
import { type Problem, problems } from './problem.ts';

const MOST_BYTES = '8kb';

/** `GET /sign-in/confirmed`, `GET` and `POST /sign-in/new-password`, to be mounted at `/sign-in`. */
export function signInPages(options: AuthHandlerOptions): Router {
  const router = Router();
  const show = (response: ExpressResponse, page: PlainPage) =>
    response
      .status(page.status)
      .set('cache-control', 'no-store')
      .type('html')
      .send(plainPage(page, options.baseUrl));
  router.get('/confirmed', (request, response) => {
    show(response, request.query['error'] === undefined ? CONFIRMED : LINK_INVALID);
  });
  router.get('/new-password', (request, response) => {
    const { token } = request.query;
    show(response, typeof token === 'string' && token !== '' ? choose(token) : LINK_INVALID);
  });
  router.post(
    '/new-password',
    express.urlencoded({ extended: false, limit: MOST_BYTES }),
    async (request, response) => {
      show(response, await chosen(options, request));
    },
  );
  return router;
}

const CONFIRMED: PlainPage = {
  status: 200,
  tone: 'good',
  title: 'Thank you, that is confirmed',
  text: 'If this was about a new address, it may get a mail with a link of its own now.',
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
  { auth, limits, baseUrl }: AuthHandlerOptions,
  request: ExpressRequest,
): Promise<PlainPage> {
  const sent: unknown = request.body;
  try {
    const { input, attempts } = resetPassword.accept(sent, networkOf(request.ip));
    await limits.take(...attempts);
    const answer = await auth.handler(
      new Request(new URL('/api/auth/reset-password', baseUrl), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(input),
      }),
    );
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
