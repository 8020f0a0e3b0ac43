// The signed-in person: who they are, and the accounts they have a part in.
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import { requirePerson } from '../access.ts';
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
  })
  .meta({ id: 'Me' });

type Me = z.infer<typeof me>;

/** `GET /v1/me`. */
export function meRoutes(surroundings: RouteSurroundings & { readonly pool: Pool }): Route[] {
  return [
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
        const { personId, name, email } = requirePerson(principal);
        return {
          status: 200,
          body: { id: personId, name, email, ...(await partsOf(surroundings.pool, personId)) },
        };
      },
    }),
  ];
}

const FIND_PARTS = `
  select a.id as account_id, a.owner_type, null::uuid as id, null as name, null as slug, null as role
  from accounts a
  where a.owner_type = 'person' and a.owner_id = $1::uuid
  union all
  (select a.id, a.owner_type, o.id, o.name, o.slug, m.role
  from auth.members m
  join auth.organizations o on o.id = m.organization_id
  join accounts a on a.owner_type = 'organization' and a.owner_id = o.id
  where m.person_id = $1::uuid
  order by o.name, o.id)`;

type PartRow =
  | { account_id: string; owner_type: 'person' }
  | ({ account_id: string; owner_type: 'organization' } & Omit<Me['organizations'][number], 'accountId'>);

async function partsOf(
  pool: Pool,
  personId: string,
): Promise<Pick<Me, 'personalAccountId' | 'organizations'>> {
  const { rows } = await pool.query<PartRow>(FIND_PARTS, [personId]);
  const personal = rows.find((row) => row.owner_type === 'person');
  if (personal === undefined) throw new Error(`person ${personId} has no account`);
  return {
    personalAccountId: personal.account_id,
    organizations: rows
      .filter((row) => row.owner_type === 'organization')
      .map(({ id, name, slug, role, account_id }) => ({ id, name, slug, role, accountId: account_id })),
  };
}
