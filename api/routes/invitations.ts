// Invitations of an organization: sent by owners and admins, sent again, taken back; never their secret.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import type { Clock } from '../../ledger/clock.ts';
import { invite, revokeInvitation, sendAgain } from '../../ledger/invitations.ts';
import {
  findInvitation,
  type InvitationReading,
  invitationStates,
  listInvitations,
} from '../../ledger/reading/invitations.ts';
import { requirePerson } from '../access.ts';
import { pageFrom } from '../cursor.ts';
import { once } from '../idempotency.ts';
import { memberActing } from '../member-acting.ts';
import { Problem } from '../problem.ts';
import type { RateLimits } from '../rate-limits.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { cursor, limit, named, organizationParams, pageOf, timestamp } from '../schemas.ts';
import { memberRole } from './members.ts';

const invitation = z
  .strictObject({
    id: z.uuid(),
    email: z.string(),
    role: memberRole,
    state: z.enum(invitationStates),
    invitedBy: named,
    sends: z.int().describe('How often it was sent.'),
    createdAt: timestamp,
    sentAt: timestamp.describe('When it was sent last.'),
    expiresAt: timestamp,
    endedAt: timestamp.nullable(),
  })
  .meta({ id: 'Invitation' });

const invitationRequest = z
  .strictObject({
    email: z
      .string()
      .trim()
      .toLowerCase()
      .max(254, 'An e-mail address has at most 254 characters.')
      .pipe(z.email('This is no e-mail address.'))
      .describe('Who reads mail there may join, with or without an account so far.'),
    role: memberRole.default('member'),
  })
  .meta({ id: 'InvitationRequest' });

const ONLY_NO_OWNERS = 'invitations of admins and members';

export interface InvitationSurroundings extends RouteSurroundings {
  readonly clock: Clock;
}

const invitationParams = z.strictObject({ ...organizationParams.shape, invitationId: z.string() });

/** `POST` and `GET /v1/organizations/{organizationId}/invitations`, `POST …/{invitationId}/resend`, `DELETE …/{invitationId}`. */
export function invitationRoutes(surroundings: InvitationSurroundings): Route[] {
  return [
    inviteRoute(surroundings),
    listRoute(surroundings),
    resendRoute(surroundings),
    revokeRoute(surroundings),
  ];
}

function inviteRoute(surroundings: InvitationSurroundings): Route {
  const { pool, clock, limits } = surroundings;
  return accountRoute(surroundings, {
    method: 'post',
    path: '/v1/organizations/{organizationId}/invitations',
    summary: 'Invite somebody by e-mail',
    description:
      'Sends a link that works once, for seven days. Whoever has no account signs up on the way. Only owners invite owners. The invitation ends when you are no longer owner or admin.',
    tag: 'Organizations',
    right: 'manage-members',
    narrows: { admin: ONLY_NO_OWNERS },
    rateLimit: 'invitations',
    params: organizationParams,
    body: invitationRequest,
    idempotent: true,
    answers: { 201: { description: 'The invitation', schema: invitation } },
    problems: [
      'organization-not-found',
      'already-member',
      'already-invited',
      'too-many-invitations',
      'idempotency-key-reused',
      'idempotency-key-in-use',
    ],
    async handle(context) {
      const { access, body, request } = context;
      const acting = memberActing(context);
      const call = { caller: `person:${requirePerson(context.principal).personId}`, body };
      return once({ pool, clock }, request, call, async (id) => {
        await countingMail(limits, body.email, () => invite(pool, acting, { id, ...body }, clock()));
        const headers = { location: `/v1/organizations/${access.ownerId}/invitations` };
        return { status: 201, body: await read(surroundings, access.ownerId, id), headers };
      });
    },
  });
}

function listRoute(surroundings: InvitationSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/organizations/{organizationId}/invitations',
    summary: 'Invitations, newest first',
    description: 'Those that wait for an answer, unless you ask for others; never the link.',
    tag: 'Organizations',
    right: 'manage-members',
    params: organizationParams,
    query: z.strictObject({
      state: z.enum([...invitationStates, 'all']).default('pending'),
      cursor: cursor.pipe(z.uuid('This is not a cursor of ours.')).optional(),
      limit,
    }),
    answers: { 200: { description: 'A page of invitations', schema: pageOf(invitation, 'InvitationPage') } },
    problems: ['organization-not-found'],
    async handle({ access, query }) {
      const page = {
        organizationId: access.ownerId,
        state: query.state === 'all' ? undefined : query.state,
        before: query.cursor,
        limit: query.limit + 1,
      };
      const found = await listInvitations(pool, page, clock());
      const { items, nextCursor } = pageFrom(found, query.limit, ({ id }) => id);
      return { status: 200, body: { items: items.map(shown), nextCursor } };
    },
  });
}

function resendRoute(surroundings: InvitationSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'post',
    path: '/v1/organizations/{organizationId}/invitations/{invitationId}/resend',
    summary: 'Send an invitation again',
    description:
      'With a new link for another seven days; the link sent before is dead. Also for one that has expired.',
    tag: 'Organizations',
    right: 'manage-members',
    narrows: { admin: ONLY_NO_OWNERS },
    rateLimit: 'invitations',
    params: invitationParams,
    answers: { 200: { description: 'The invitation', schema: invitation } },
    problems: ['organization-not-found', 'invitation-not-found', 'invitation-over'],
    async handle(context) {
      const id = idOf(context.params.invitationId);
      const organizationId = context.access.ownerId;
      const { email } = await read(surroundings, organizationId, id);
      await countingMail(surroundings.limits, email, async () => {
        if (!(await sendAgain(pool, memberActing(context), id, clock()))) throw noInvitation();
      });
      return { status: 200, body: await read(surroundings, organizationId, id) };
    },
  });
}

function revokeRoute(surroundings: InvitationSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'delete',
    path: '/v1/organizations/{organizationId}/invitations/{invitationId}',
    summary: 'Take an invitation back',
    description: 'Its link is dead from then on. Taking it back again changes nothing.',
    tag: 'Organizations',
    right: 'manage-members',
    narrows: { admin: ONLY_NO_OWNERS },
    params: invitationParams,
    answers: { 204: { description: 'It is revoked' } },
    problems: ['organization-not-found', 'invitation-not-found', 'invitation-over'],
    async handle(context) {
      const id = idOf(context.params.invitationId);
      if (!(await revokeInvitation(pool, memberActing(context), id, clock()))) throw noInvitation();
      return { status: 204 };
    },
  });
}

/** Nobody's mailbox is filled, by however many organizations; what is refused, and so mails nothing, is not counted. */
async function countingMail(limits: RateLimits, email: string, work: () => Promise<void>): Promise<void> {
  const attempt = { limit: 'invitations-to-email', of: email } as const;
  await limits.take(attempt);
  try {
    await work();
  } catch (error) {
    await limits.giveBack(attempt);
    throw error;
  }
}

function idOf(invitationId: string): string {
  if (!isUuid(invitationId)) throw noInvitation();
  return invitationId;
}

function noInvitation(): Problem {
  return new Problem('invitation-not-found', 'There is no such invitation of this organization.');
}

async function read(
  { pool, clock }: InvitationSurroundings,
  organizationId: string,
  id: string,
): Promise<z.input<typeof invitation>> {
  const found = await findInvitation(pool, { id, organizationId }, clock());
  if (found === undefined) throw noInvitation();
  return shown(found);
}

function shown(found: InvitationReading): z.input<typeof invitation> {
  return {
    id: found.id,
    email: found.email,
    role: found.role,
    state: found.state,
    invitedBy: found.invitedBy,
    sends: found.sends,
    createdAt: found.createdAt.toISOString(),
    sentAt: found.sentAt.toISOString(),
    expiresAt: found.expiresAt.toISOString(),
    endedAt: found.endedAt?.toISOString() ?? null,
  };
}
