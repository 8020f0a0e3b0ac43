// Members of an organization: who they are, which role they have, and what becomes of their keys when they go.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import type { Clock } from '../../ledger/clock.ts';
import { changeRole, type HandOver, type Removal, removeMember } from '../../ledger/members.ts';
import { findMember, findTies, listMembers, type MemberReading } from '../../ledger/reading/members.ts';
import { type AccountAccess, isAllowed } from '../access.ts';
import { pageFrom } from '../cursor.ts';
import { memberActing } from '../member-acting.ts';
import type { Principal } from '../principal.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { cursor, limit, organizationParams, pageOf, timestamp } from '../schemas.ts';

/** What somebody is in an organization. */
export const memberRole = z.enum(['owner', 'admin', 'member'], {
  error: 'A role is owner, admin or member.',
});

const member = z
  .strictObject({
    id: z.uuid().describe('The id of the person.'),
    name: z.string(),
    email: z.string().nullable().describe('Only owners and admins see it, and everybody their own.'),
    role: memberRole,
    joinedAt: timestamp,
  })
  .meta({ id: 'Member' });

const memberDetail = z
  .strictObject({
    ...member.shape,
    keysInUse: z
      .array(z.strictObject({ id: z.uuid(), name: z.string(), prefix: z.string(), lastUsedAt: timestamp }))
      .nullable()
      .describe('Keys of theirs that work and were used within the last day; null when not yours to see.'),
    sponsorsAutoTopUp: z.boolean().describe('Whether auto top-up uses their card and pauses when they go.'),
  })
  .meta({ id: 'MemberDetail' });

const roleRequest = z.strictObject({ role: memberRole }).meta({ id: 'MemberRoleRequest' });

const HAND_OVER = /^[0-9a-f-]{36}:[0-9a-f-]{36}$/i;
const handOver = z.string().regex(HAND_OVER, 'Write the id of the key, a colon, the id of the member.');

/** As many as an address can hold. */
const MOST_HANDED_OVER = 50;

const removal = z.strictObject({
  handOver: z
    .union([handOver, z.array(handOver).max(MOST_HANDED_OVER)])
    .optional()
    .describe('`<apiKeyId>:<memberId>`, as often as needed: that key goes to that member and works on.'),
});

/** Whom addresses and keys are not shown to, but for their own. */
const ONLY_NAMES = 'names and roles';
const ONLY_NO_OWNERS = 'where nobody becomes or was an owner';

export interface MemberSurroundings extends RouteSurroundings {
  readonly clock: Clock;
}

const memberParams = z.strictObject({
  ...organizationParams.shape,
  memberId: z.string().describe('The id of the person.'),
});

/** `GET /v1/organizations/{organizationId}/members`; `GET`, `PATCH` and `DELETE …/members/{memberId}`. */
export function memberRoutes(surroundings: MemberSurroundings): Route[] {
  return [
    listRoute(surroundings),
    readRoute(surroundings),
    changeRoute(surroundings),
    removeRoute(surroundings),
  ];
}

function listRoute(surroundings: MemberSurroundings): Route {
  const { pool } = surroundings;
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/organizations/{organizationId}/members',
    summary: 'Members, in the order in which they joined',
    tag: 'Organizations',
    right: 'read',
    narrows: { member: ONLY_NAMES, operator: ONLY_NAMES, 'read-token': ONLY_NAMES },
    params: organizationParams,
    query: z.strictObject({ cursor: cursor.pipe(z.uuid('This is not a cursor of ours.')).optional(), limit }),
    answers: { 200: { description: 'A page of members', schema: pageOf(member, 'MemberPage') } },
    problems: ['organization-not-found'],
    async handle({ access, principal, query }) {
      const page = { organizationId: access.ownerId, after: query.cursor, limit: query.limit + 1 };
      const found = await listMembers(pool, page);
      const { items, nextCursor } = pageFrom(found, query.limit, ({ place }) => place);
      return { status: 200, body: { items: items.map((one) => shown(one, access, principal)), nextCursor } };
    },
  });
}

function readRoute(surroundings: MemberSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/organizations/{organizationId}/members/{memberId}',
    summary: 'One member, and what stops when they go',
    tag: 'Organizations',
    right: 'read',
    narrows: { member: ONLY_NAMES, operator: ONLY_NAMES, 'read-token': ONLY_NAMES },
    params: memberParams,
    answers: { 200: { description: 'The member', schema: memberDetail } },
    problems: ['organization-not-found', 'member-not-found'],
    async handle({ access, principal, params }) {
      const personId = idOf(params.memberId);
      const found = await findMember(pool, access.ownerId, personId);
      if (found === undefined) throw noMember();
      const ties = await findTies(pool, { accountId: access.accountId, personId }, clock());
      const keysInUse = ties.keysInUse.map((key) => ({ ...key, lastUsedAt: key.lastUsedAt.toISOString() }));
      return {
        status: 200,
        body: {
          ...shown(found, access, principal),
          keysInUse: maySee(access, principal, found) ? keysInUse : null,
          sponsorsAutoTopUp: ties.sponsorsAutoTopUp,
        },
      };
    },
  });
}

function changeRoute(surroundings: MemberSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'patch',
    path: '/v1/organizations/{organizationId}/members/{memberId}',
    summary: 'Change a member’s role',
    description:
      'Only owners make and unmake owners. A sponsor of auto top-up who becomes a member pauses it; owners and admins are told.',
    tag: 'Organizations',
    right: 'manage-members',
    narrows: { admin: ONLY_NO_OWNERS },
    params: memberParams,
    body: roleRequest,
    answers: { 200: { description: 'The member', schema: member } },
    problems: ['organization-not-found', 'member-not-found', 'last-owner'],
    async handle(context) {
      const { access, principal, params, body } = context;
      const personId = idOf(params.memberId);
      const change = { personId, role: body.role };
      if (!(await changeRole(pool, memberActing(context), change, clock()))) throw noMember();
      const changed = await findMember(pool, access.ownerId, personId);
      if (changed === undefined) throw noMember();
      return { status: 200, body: shown(changed, access, principal) };
    },
  });
}

function removeRoute(surroundings: MemberSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'delete',
    path: '/v1/organizations/{organizationId}/members/{memberId}',
    summary: 'Remove a member',
    description:
      'Their keys are revoked, except those handed over: these keep their secret, and the other member answers for them from then on. What they used stays theirs in the history. Only owners remove owners.',
    tag: 'Organizations',
    right: 'manage-members',
    narrows: { admin: ONLY_NO_OWNERS },
    params: memberParams,
    query: removal,
    answers: { 204: { description: 'They are no longer a member' } },
    problems: [
      'organization-not-found',
      'member-not-found',
      'last-owner',
      'api-key-unknown',
      'api-key-inactive',
    ],
    async handle(context) {
      const member = {
        personId: idOf(context.params.memberId),
        handOver: [context.query.handOver ?? []].flat().map(handOverOf),
      };
      const outcome = await removeMember(pool, memberActing(context), member, clock());
      if (outcome !== 'removed') throw notRemoved(outcome);
      return { status: 204 };
    },
  });
}

function handOverOf(text: string): HandOver {
  const [apiKeyId = '', personId = ''] = text.split(':');
  if (!isUuid(apiKeyId) || !isUuid(personId)) throw notRemoved('no-key');
  return { apiKeyId, personId };
}

function notRemoved(outcome: Exclude<Removal, 'removed'>): Problem {
  switch (outcome) {
    case 'no-member':
      return noMember();
    case 'no-key':
      return new Problem('api-key-unknown', 'A key to hand over is no working key of this member.');
    case 'no-heir':
      return new Problem('member-not-found', 'Whom a key is handed to must be another member.');
    default:
      return outcome satisfies never;
  }
}

function idOf(memberId: string): string {
  if (!isUuid(memberId)) throw noMember();
  return memberId;
}

function noMember(): Problem {
  return new Problem('member-not-found', 'There is no such member of this organization.');
}

/** Whether somebody's address and keys are the caller's to see. */
function maySee(access: AccountAccess, principal: Principal, { id }: MemberReading): boolean {
  return isAllowed(access, 'manage-members') || (principal.kind === 'person' && principal.personId === id);
}

function shown(found: MemberReading, access: AccountAccess, principal: Principal): z.input<typeof member> {
  return {
    id: found.id,
    name: found.name,
    email: maySee(access, principal, found) ? found.email : null,
    role: found.role,
    joinedAt: found.joinedAt.toISOString(),
  };
}
