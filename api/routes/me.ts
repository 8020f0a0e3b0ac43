// The signed-in person: who they are, the accounts they have a part in, and the organization they look at.
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import { setActiveOrganization } from '../../ledger/organizations.ts';
import { requirePerson } from '../access.ts';
import type { PersonPrincipal } from '../principal.ts';
import { Problem } from '../problem.ts';
import { type Route, type RouteSurroundings, route } from '../route.ts';

const me = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    email: z.string(),
    personalAccountId: z.uuid(),
    organizations: z.array(
      z.strictObject({
        id: z.uuid(),
        name: z.string(),
        slug: z.string(),
        role: z.enum(['owner', 'admin', 'member']),
        accountId: z.uuid(),
      }),
    ),
    activeOrganizationId: z
      .uuid()
      .nullable()
      .describe('The one of them that this session has at hand. No other route goes by it.'),
  })
  .meta({ id: 'Me' });

const activeOrganization = z
  .strictObject({ organizationId: z.uuid().nullable() })
  .meta({ id: 'ActiveOrganization' });

type Me = z.infer<typeof me>;

const session = z
  .strictObject({ person: me.nullable().describe('Null when nobody is signed in.') })
  .meta({ id: 'WhoIsSignedIn' });

/** `GET /v1/session`, `GET /v1/me`, `PUT /v1/me/active-organization`. */
export function meRoutes(surroundings: RouteSurroundings & { readonly pool: Pool }): Route[] {
  return [
    sessionRoute(surroundings),
    route(surroundings, {
      method: 'get',
      path: '/v1/me',
      summary: 'Who is signed in',
      description:
        'The person, their personal account, and the organizations they belong to with their role there.',
      tag: 'People',
      caller: 'person',
      answers: { 200: { description: 'The signed-in person', schema: me } },
      async handle({ principal }) {
        return { status: 200, body: await readMe(surroundings.pool, requirePerson(principal)) };
      },
    }),
    route(surroundings, {
      method: 'put',
      path: '/v1/me/active-organization',
      summary: 'Remember which organization you look at',
      description:
        'For this session, so that a console opens where you left. It changes no right and no other answer.',
      tag: 'People',
      caller: 'person',
      body: activeOrganization,
      answers: { 200: { description: 'What is remembered', schema: activeOrganization } },
      problems: ['organization-not-found'],
      async handle({ principal, body }) {
        const { organizationId } = body;
        if (!(await setActiveOrganization(surroundings.pool, requirePerson(principal), organizationId)))
          throw new Problem(
            'organization-not-found',
            'There is no such organization, or it is not yours to see.',
          );
        return { status: 200, body: { organizationId } };
      },
    }),
  ];
}

/** For a console that starts: that nobody is signed in is an answer there, not a failure. */
function sessionRoute(surroundings: RouteSurroundings): Route {
  return route(surroundings, {
    method: 'get',
    path: '/v1/session',
    summary: 'Who is signed in, if anybody is',
    description: 'The same as `GET /v1/me` for a person; for everybody else a person of null instead of 401.',
    tag: 'People',
    caller: 'anyone',
    answers: { 200: { description: 'The session', schema: session } },
    async handle({ request }) {
      const principal = await surroundings.resolvePrincipal(request);
      const person = principal?.kind === 'person' ? await readMe(surroundings.pool, principal) : null;
      return { status: 200, body: { person }, headers: { 'cache-control': 'no-store' } };
    },
  });
}

async function readMe(pool: Pool, { personId, name, email, sessionId }: PersonPrincipal): Promise<Me> {
  return { id: personId, name, email, ...(await partsOf(pool, personId, sessionId)) };
}

const FIND_PARTS = `
  select a.id as account_id, a.owner_type, null::uuid as id, null as name, null as slug, null as role,
    false as is_active
  from accounts a
  where a.owner_type = 'person' and a.owner_id = $1::uuid
  union all
  (select a.id, a.owner_type, o.id, o.name, o.slug, m.role,
    exists (select from auth.sessions s where s.id = $2::uuid and s.active_organization_id = o.id)
  from auth.members m
  join auth.organizations o on o.id = m.organization_id
  join accounts a on a.owner_type = 'organization' and a.owner_id = o.id
  where m.person_id = $1::uuid
  order by o.name, o.id)`;

type PartRow =
  | { account_id: string; owner_type: 'person' }
  | ({ account_id: string; owner_type: 'organization'; is_active: boolean } & Omit<
      Me['organizations'][number],
      'accountId'
    >);

async function partsOf(
  pool: Pool,
  personId: string,
  sessionId: string,
): Promise<Pick<Me, 'personalAccountId' | 'organizations' | 'activeOrganizationId'>> {
  const { rows } = await pool.query<PartRow>(FIND_PARTS, [personId, sessionId]);
  const personal = rows.find((row) => row.owner_type === 'person');
  if (personal === undefined) throw new Error(`person ${personId} has no account`);
  const organizations = rows.filter((row) => row.owner_type === 'organization');
  return {
    personalAccountId: personal.account_id,
    organizations: organizations.map(({ id, name, slug, role, account_id }) => ({
      id,
      name,
      slug,
      role,
      accountId: account_id,
    })),
    activeOrganizationId: organizations.find(({ is_active }) => is_active)?.id ?? null,
  };
}
