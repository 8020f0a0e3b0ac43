// Organizations: make one, read it, rename it, leave it, close it for good.
import { z } from 'zod';
import type { Clock } from '../../ledger/clock.ts';
import { leaveOrganization } from '../../ledger/members.ts';
import { formatDollars } from '../../ledger/money.ts';
import {
  closeOrganization,
  createOrganization,
  findOrganization,
  type Organization,
  renameOrganization,
} from '../../ledger/organizations.ts';
import { type Role, requirePerson } from '../access.ts';
import { once } from '../idempotency.ts';
import { memberActing } from '../member-acting.ts';
import { displayName, slug } from '../names.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route, type RouteSurroundings, route } from '../route.ts';
import { amount, organizationParams, timestamp } from '../schemas.ts';
import { slugsFor } from '../slug.ts';
import { memberRole } from './members.ts';

const organization = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    slug: z.string(),
    accountId: z.uuid().describe('The account that pays for its usage.'),
    role: memberRole.nullable().describe('Your role there; null when you are no member.'),
    createdAt: timestamp,
    closedAt: timestamp.nullable(),
  })
  .meta({ id: 'Organization' });

const closedOrganization = z
  .strictObject({
    ...organization.shape,
    remainder: amount.describe('What it leaves on its balance; below zero, what it still owes.'),
  })
  .meta({ id: 'ClosedOrganization' });

const organizationRequest = z
  .strictObject({
    name: displayName,
    slug: slug.optional().describe('Its name in addresses; made from the name when left out.'),
  })
  .meta({ id: 'OrganizationRequest' });

const renameRequest = z
  .strictObject({ name: displayName.optional(), slug: slug.optional() })
  .refine(({ name, slug }) => name !== undefined || slug !== undefined, 'Give a name, a slug, or both.')
  .meta({ id: 'OrganizationRename' });

const closeRequest = z
  .strictObject({ confirm: z.string().describe('The slug of the organization.') })
  .meta({ id: 'OrganizationClose' });

export interface OrganizationSurroundings extends RouteSurroundings {
  readonly clock: Clock;
}

/** `POST /v1/organizations`, `GET` and `PATCH …/{organizationId}`, `POST …/leave` and `…/close`. */
export function organizationRoutes(surroundings: OrganizationSurroundings): Route[] {
  return [
    createRoute(surroundings),
    readRoute(surroundings),
    renameRoute(surroundings),
    leaveRoute(surroundings),
    closeRoute(surroundings),
  ];
}

function createRoute(surroundings: OrganizationSurroundings): Route {
  const { pool, clock } = surroundings;
  return route(surroundings, {
    method: 'post',
    path: '/v1/organizations',
    summary: 'Make an organization',
    description:
      'You become its first owner, and it has an account with a balance of its own from the start.',
    tag: 'Organizations',
    caller: 'person',
    rateLimit: 'organizations',
    body: organizationRequest,
    idempotent: true,
    answers: { 201: { description: 'The organization', schema: organization } },
    problems: ['slug-taken', 'idempotency-key-reused', 'idempotency-key-in-use'],
    async handle({ principal, actor, body, request }) {
      const { personId } = requirePerson(principal);
      const call = { caller: `person:${personId}`, body };
      return once({ pool, clock }, request, call, async (id) => {
        const slugs = body.slug === undefined ? slugsFor(body.name) : [body.slug];
        const wanted = { id, name: body.name, slugs, ownerId: personId };
        const made = await createOrganization(pool, actor, wanted, clock());
        return {
          status: 201,
          body: shown(made, ['owner']),
          headers: { location: `/v1/organizations/${made.id}` },
        };
      });
    },
  });
}

function readRoute(surroundings: OrganizationSurroundings): Route {
  const { pool } = surroundings;
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/organizations/{organizationId}',
    summary: 'One organization',
    tag: 'Organizations',
    right: 'read',
    params: organizationParams,
    answers: { 200: { description: 'The organization', schema: organization } },
    problems: ['organization-not-found'],
    async handle({ access }) {
      const found = await findOrganization(pool, access.ownerId);
      if (found === undefined) throw new Problem('organization-not-found');
      return { status: 200, body: shown(found, access.roles) };
    },
  });
}

function renameRoute(surroundings: OrganizationSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'patch',
    path: '/v1/organizations/{organizationId}',
    summary: 'Rename an organization',
    description: 'What was recorded under its old name keeps saying that name.',
    tag: 'Organizations',
    right: 'rename-organization',
    params: organizationParams,
    body: renameRequest,
    answers: { 200: { description: 'The organization', schema: organization } },
    problems: ['organization-not-found', 'slug-taken'],
    async handle(context) {
      const names = { name: context.body.name, slug: context.body.slug };
      const renamed = await renameOrganization(pool, memberActing(context), names, clock());
      return { status: 200, body: shown(renamed, context.access.roles) };
    },
  });
}

function leaveRoute(surroundings: OrganizationSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'post',
    path: '/v1/organizations/{organizationId}/leave',
    summary: 'Leave an organization',
    description:
      'Your keys there are revoked, your invitations to it taken back, and your card is no longer used for it. The last owner cannot leave.',
    tag: 'Organizations',
    right: 'leave-organization',
    params: organizationParams,
    answers: { 204: { description: 'You are no longer a member' } },
    problems: ['organization-not-found', 'last-owner'],
    async handle(context) {
      await leaveOrganization(pool, memberActing(context), clock());
      return { status: 204 };
    },
  });
}

function closeRoute(surroundings: OrganizationSurroundings): Route {
  const { pool, clock } = surroundings;
  return accountRoute(surroundings, {
    method: 'post',
    path: '/v1/organizations/{organizationId}/close',
    summary: 'Close an organization for good',
    description:
      'Its keys, tokens and invitations are revoked, auto top-up ends, and nobody is a member any more. Ledger, usage and audit stay; operators see what is left of the balance. The slug stays taken.',
    tag: 'Organizations',
    right: 'close-organization',
    params: organizationParams,
    body: closeRequest,
    answers: { 200: { description: 'The organization, closed', schema: closedOrganization } },
    problems: ['organization-not-found'],
    async handle(context) {
      const found = await findOrganization(pool, context.access.ownerId);
      if (found !== undefined && context.body.confirm !== found.slug) {
        const detail = `Confirm with the slug of the organization: ${found.slug}.`;
        throw new Problem('request-invalid', detail, { errors: [{ pointer: '/confirm', detail }] });
      }
      const closed = await closeOrganization(pool, memberActing(context), clock());
      const remainder = formatDollars(closed.remainder);
      return { status: 200, body: { ...shown(closed, []), remainder } };
    },
  });
}

function shown(found: Organization, roles: readonly Role[]): z.input<typeof organization> {
  return {
    id: found.id,
    name: found.name,
    slug: found.slug,
    accountId: found.accountId,
    role: memberRole.safeParse(roles[0]).data ?? null,
    createdAt: found.createdAt.toISOString(),
    closedAt: found.closedAt?.toISOString() ?? null,
  };
}
