// The world of the access matrix: two organizations, strangers, and one caller of every kind with things of their own.
import type { Pool } from 'pg';
import type { Auth } from '../../../api/auth.ts';
import type { Caller } from '../../../dev/access/callers.ts';
import { addMember, type MemberRole } from '../../../ledger/members.ts';
import {
  createGatewayToken,
  createOperatorToken,
  createOrganizationToken,
  createPerson,
  createTeam,
  signIn,
  type TestPerson,
} from '../people.ts';
import {
  foreignThings,
  nothing,
  personalThings,
  storeRule,
  strangersThings,
  type Things,
  thingsOf,
} from './things.ts';

/** Somebody who calls, with the bearer token they send; `nobody` sends none. */
export interface CallerInWorld {
  readonly token: string | undefined;
  readonly person: TestPerson | undefined;
  /** What they name when they name something of their organization: their own things, if they can have any. */
  readonly own: Things;
  /** The same on their personal account. */
  readonly personal: Things | undefined;
}

export interface World {
  readonly callers: ReadonlyMap<Caller, CallerInWorld>;
  /** Things in the organization that are another member's; the member there is an owner. */
  readonly colleague: Things;
  /** Things of another organization. */
  readonly foreign: Things;
  /** Things of a person who shares nothing with anybody here. */
  readonly stranger: Things;
  readonly nothing: Things;
}

/** A caller of the world; every one of them is there. */
export function callerOf(world: World, name: Caller): CallerInWorld {
  const found = world.callers.get(name);
  if (found === undefined) throw new Error(`there is no ${name} in this world`);
  return found;
}

/** What of a world is wanted: everything, or for one cell only its caller, and others' things only if it names them. */
export interface Wanted {
  readonly caller?: Caller;
  readonly others?: boolean;
}

/** Makes a world by SQL; a small one is quick, so that every allowed cell can have one of its own. */
export async function createWorld(pool: Pool, auth: Auth, wanted: Wanted = {}): Promise<World> {
  const { organizationId, accountId, owner, admin, member, outsider } = await createTeam(pool);
  const join = async (name: string, role: MemberRole = 'member') => {
    const person = await createPerson(pool, name);
    await addMember(pool, { organizationId, personId: person.personId, role, now: new Date() });
    return person;
  };
  const former = await join('Fay Former');
  const colleague = await join('Cleo Colleague');
  const coOwner = await join('Cora Coowner', 'owner');
  const place = { organizationId, accountId, memberId: colleague.personId };
  const theirs = await thingsOf(pool, colleague, place);
  const callers = new Map<Caller, CallerInWorld>();
  const people = [
    ['owner', owner],
    ['admin', admin],
    ['member', member],
    ['former member', former],
    ['outsider', outsider],
  ] as const;
  for (const [name, person] of people) {
    if (wanted.caller !== undefined && wanted.caller !== name) continue;
    const personal = await personalThings(pool, person);
    callers.set(name, {
      token: await signIn(auth, person.personId),
      person,
      own: name === 'outsider' ? { ...personal, ...shared(theirs) } : await thingsOf(pool, person, place),
      personal,
    });
  }
  await storeRule(pool, accountId, owner.personId);
  await pool.query('delete from auth.members where organization_id = $1 and person_id = $2', [
    organizationId,
    former.personId,
  ]);
  for (const [name, make] of programs(pool, organizationId)) {
    if (wanted.caller !== undefined && wanted.caller !== name) continue;
    callers.set(name, { token: await make(), person: undefined, own: theirs, personal: undefined });
  }
  const others = wanted.others ?? true;
  return {
    callers,
    colleague: { ...theirs, memberId: coOwner.personId },
    foreign: others ? await foreignThings(pool) : nothing(),
    stranger: others ? await strangersThings(pool) : nothing(),
    nothing: nothing(),
  };
}

/** What an outsider might name of an organization: all that is not a person's own. */
function shared(things: Things): Partial<Things> {
  const { accountId, organizationId, apiKeyId, topUpId, memberId, tokenId, slug, invitationId } = things;
  return { accountId, organizationId, apiKeyId, topUpId, memberId, tokenId, slug, invitationId };
}

function programs(pool: Pool, organizationId: string): [Caller, () => Promise<string | undefined>][] {
  return [
    ['nobody', async () => undefined],
    ['gateway', () => createGatewayToken(pool)],
    ['operator read', () => createOperatorToken(pool, ['read'])],
    ['operator money', () => createOperatorToken(pool, ['money'])],
    ['operator prices', () => createOperatorToken(pool, ['prices'])],
    ['token read', () => createOrganizationToken(pool, organizationId, ['read'])],
    ['token keys', () => createOrganizationToken(pool, organizationId, ['keys'])],
  ];
}
