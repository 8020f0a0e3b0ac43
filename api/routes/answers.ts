// Answering invitations: by the link in the mail, or from the list of those to one's own verified address.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { acceptInvitation, declineInvitation, type InvitationReference } from '../../ledger/answering.ts';
import type { Clock } from '../../ledger/clock.ts';
import {
  findInvitationBySecret,
  type InvitationReading,
  invitationStates,
  listInvitationsTo,
} from '../../ledger/reading/invitations.ts';
import { requirePerson } from '../access.ts';
import { Problem } from '../problem.ts';
import { type Route, type RouteSurroundings, route } from '../route.ts';
import { named, pageOf, timestamp } from '../schemas.ts';
import { memberRole } from './members.ts';

const received = z
  .strictObject({
    organization: named,
    role: memberRole,
    invitedBy: named,
    email: z.string().describe('Whom it is for: only the person with this verified address may answer.'),
    state: z.enum(invitationStates),
    expiresAt: timestamp,
  })
  .meta({ id: 'ReceivedInvitation' });

const waiting = z.strictObject({ id: z.uuid(), ...received.shape }).meta({ id: 'WaitingInvitation' });

const accepted = z
  .strictObject({ organizationId: z.uuid().describe('The organization of which you are a member now.') })
  .meta({ id: 'AcceptedInvitation' });

export interface AnswerSurroundings extends RouteSurroundings {
  readonly clock: Clock;
}

const bySecret = z.strictObject({ secret: z.string().describe('The last part of the link in the mail.') });
const byId = z.strictObject({ invitationId: z.string() });

const PROBLEMS = ['invitation-not-found', 'invitation-not-yours', 'invitation-over'] as const;

/** `GET /v1/invitations/{secret}`, `GET /v1/me/invitations`, and `POST …/accept` and `…/decline` under both. */
export function answerRoutes(surroundings: AnswerSurroundings): Route[] {
  const link = { path: '/v1/invitations/{secret}', params: bySecret, referenceOf: secretOf } as const;
  const mine = { path: '/v1/me/invitations/{invitationId}', params: byId, referenceOf: idOf } as const;
  return [
    readRoute(surroundings),
    acceptRoute(surroundings, link),
    declineRoute(surroundings, link),
    listRoute(surroundings),
    acceptRoute(surroundings, mine),
    declineRoute(surroundings, mine),
  ];
}

function readRoute(surroundings: AnswerSurroundings): Route {
  const { pool, clock } = surroundings;
  return route(surroundings, {
    method: 'get',
    path: '/v1/invitations/{secret}',
    summary: 'What an invitation is about',
    description: 'For whoever has the link, signed in or not.',
    tag: 'Invitations',
    caller: 'anyone',
    params: bySecret,
    answers: { 200: { description: 'The invitation', schema: received } },
    problems: ['invitation-not-found'],
    async handle({ params }) {
      const found = await findInvitationBySecret(pool, params.secret, clock());
      if (found === undefined) throw noInvitation();
      return { status: 200, body: shown(found), headers: { 'cache-control': 'no-store' } };
    },
  });
}

function listRoute(surroundings: AnswerSurroundings): Route {
  const { pool, clock } = surroundings;
  return route(surroundings, {
    method: 'get',
    path: '/v1/me/invitations',
    summary: 'The invitations that wait for you',
    description: 'Those to your verified e-mail address, newest first.',
    tag: 'Invitations',
    caller: 'person',
    answers: { 200: { description: 'All of them', schema: pageOf(waiting, 'WaitingInvitationPage') } },
    async handle({ principal }) {
      const found = await listInvitationsTo(pool, requirePerson(principal).personId, clock());
      const items = found.map((one) => ({ id: one.id, ...shown(one) }));
      return { status: 200, body: { items, nextCursor: null } };
    },
  });
}

/** Where invitations are answered, and how the path says which one. */
interface Place<P extends z.ZodType> {
  readonly path: string;
  readonly params: P;
  readonly referenceOf: (params: z.output<P>) => InvitationReference;
}

function acceptRoute<P extends z.ZodType>(surroundings: AnswerSurroundings, place: Place<P>): Route {
  const { pool, clock } = surroundings;
  return route(surroundings, {
    method: 'post',
    path: `${place.path}/accept`,
    summary: 'Accept an invitation',
    description: 'You are a member from then on. Nobody there sees anything of your own account.',
    tag: 'Invitations',
    caller: 'person',
    params: place.params,
    answers: { 200: { description: 'You are a member', schema: accepted } },
    problems: [...PROBLEMS, 'already-member'],
    async handle({ principal, actor, params }) {
      const answerer = { personId: requirePerson(principal).personId, actor };
      const organizationId = await acceptInvitation(pool, answerer, place.referenceOf(params), clock());
      return { status: 200, body: { organizationId } };
    },
  });
}

function declineRoute<P extends z.ZodType>(surroundings: AnswerSurroundings, place: Place<P>): Route {
  const { pool, clock } = surroundings;
  return route(surroundings, {
    method: 'post',
    path: `${place.path}/decline`,
    summary: 'Decline an invitation',
    tag: 'Invitations',
    caller: 'person',
    params: place.params,
    answers: { 204: { description: 'The invitation is over' } },
    problems: PROBLEMS,
    async handle({ principal, actor, params }) {
      const answerer = { personId: requirePerson(principal).personId, actor };
      await declineInvitation(pool, answerer, place.referenceOf(params), clock());
      return { status: 204 };
    },
  });
}

function secretOf({ secret }: z.output<typeof bySecret>): InvitationReference {
  return { secret };
}

function idOf({ invitationId }: z.output<typeof byId>): InvitationReference {
  if (!isUuid(invitationId)) throw noInvitation();
  return { id: invitationId };
}

function noInvitation(): Problem {
  return new Problem(
    'invitation-not-found',
    'There is no such invitation: the newest mail has the link that works.',
  );
}

function shown(found: InvitationReading): z.input<typeof received> {
  return {
    organization: found.organization,
    role: found.role,
    invitedBy: found.invitedBy,
    email: found.email,
    state: found.state,
    expiresAt: found.expiresAt.toISOString(),
  };
}
