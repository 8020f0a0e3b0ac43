// A small world of people and organizations on which random operations run, with what stands in it as facts.
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { rolesWith } from '../../api/access.ts';
import { slugsFor } from '../../api/slug.ts';
import { type Actor, withActing } from '../../ledger/acting.ts';
import { acceptInvitation, declineInvitation } from '../../ledger/answering.ts';
import { erasePerson } from '../../ledger/erasure.ts';
import { invite, revokeInvitation, sendAgain } from '../../ledger/invitations.ts';
import {
  addMember,
  changeRole,
  leaveOrganization,
  type MemberRole,
  removeMember,
} from '../../ledger/members.ts';
import type { MemberActing } from '../../ledger/membership.ts';
import { closeOrganization, createOrganization, renameOrganization } from '../../ledger/organizations.ts';
import { storeCard } from './membership.ts';
import { changeKeys, changeTokens, keysOf } from './membership-keys.ts';
import { createPerson, type TestPerson } from './people.ts';

export const operations = [
  'create',
  'rename',
  'change-role',
  'remove',
  'remove-and-hand-over',
  'leave',
  'close',
  'invite',
  'send-again',
  'revoke',
  'accept',
  'decline',
  'make-key',
  'rename-key',
  'rotate-key',
  'revoke-key',
  'hand-over-key',
  'make-token',
  'revoke-token',
  'erase',
  'set-rule',
] as const;

/** One operation: who does it, to whom, in which organization, chosen among those there are. */
export interface Operation {
  readonly kind: (typeof operations)[number];
  readonly who: number;
  readonly whom: number;
  readonly where: number;
  readonly role: MemberRole;
  /** How long after the operation before. */
  readonly hours: number;
}

export interface World {
  readonly pool: Pool;
  readonly people: readonly TestPerson[];
  readonly organizations: { id: string; accountId: string }[];
  now: Date;
}

const ROLES = ['owner', 'owner', 'admin', 'member'] as const;
const PEOPLE = ROLES.length + 2;

/** People with a card each, and one organization of most of them. */
export async function createWorld(pool: Pool): Promise<World> {
  const now = new Date('2026-03-01T12:00:00Z');
  const people = await Promise.all(Array.from({ length: PEOPLE }, () => createPerson(pool, 'Somebody', now)));
  for (const person of people) await storeCard(pool, person);
  const world: World = { pool, people, organizations: [], now };
  await perform(world, { kind: 'create', who: 0, whom: 0, where: 0, role: 'owner', hours: 0 });
  for (const [i, role] of ROLES.entries()) {
    const organizationId = world.organizations[0]?.id ?? '';
    const { personId } = pick(people, i);
    if (i > 0) await addMember(pool, { organizationId, personId, role, now });
  }
  return world;
}

/** Does one operation; throws what refuses it. */
export async function perform(world: World, operation: Operation): Promise<void> {
  const { pool, people, organizations } = world;
  world.now = new Date(world.now.getTime() + operation.hours * 3_600_000);
  const { now } = world;
  const who = pick(people, operation.who);
  const whom = pick(people, operation.whom);
  const actor: Actor = { kind: 'person', id: who.personId };
  if (operation.kind === 'create') {
    const wanted = { id: uuidv7(), name: 'Acme', slugs: slugsFor(`acme ${uuidv7()}`), ownerId: who.personId };
    const { id, accountId } = await createOrganization(pool, actor, wanted, now);
    organizations.push({ id, accountId });
    return;
  }
  const where = pick(organizations, operation.where);
  const acting: MemberActing = { organizationId: where.id, personId: who.personId, actor, rolesWith };
  switch (operation.kind) {
    case 'rename':
      await renameOrganization(pool, acting, { name: `Acme ${operation.whom}`, slug: undefined }, now);
      return;
    case 'change-role':
      await changeRole(pool, acting, { personId: whom.personId, role: operation.role }, now);
      return;
    case 'remove':
      await removeMember(pool, acting, { personId: whom.personId, handOver: [] }, now);
      return;
    case 'remove-and-hand-over': {
      const keys = await keysOf(world, where.accountId, whom.personId);
      const handOver = keys.slice(0, 1).map((apiKeyId) => ({ apiKeyId, personId: who.personId }));
      await removeMember(pool, acting, { personId: whom.personId, handOver }, now);
      return;
    }
    case 'leave':
      await leaveOrganization(pool, acting, now);
      return;
    case 'close':
      await closeOrganization(pool, acting, now);
      return;
    case 'invite':
      // mostly somebody who was no member from the start
      await invite(
        pool,
        acting,
        { id: uuidv7(), email: pick(people, PEOPLE - 1 - (operation.whom % 3)).email, role: operation.role },
        now,
      );
      return;
    case 'send-again':
      await sendAgain(pool, acting, await anInvitation(world, where.id, operation.whom), now);
      return;
    case 'revoke':
      await revokeInvitation(pool, acting, await anInvitation(world, where.id, operation.whom), now);
      return;
    case 'accept':
    case 'decline': {
      const id = await anInvitation(world, where.id, operation.whom);
      const invited = await invitedPerson(world, id);
      // mostly whoever it is for
      const { personId } = operation.who === 0 || invited === undefined ? who : invited;
      const answerer = { personId, actor: { kind: 'person', id: personId } } as const;
      await (operation.kind === 'accept' ? acceptInvitation : declineInvitation)(pool, answerer, { id }, now);
      return;
    }
    case 'make-key':
    case 'rename-key':
    case 'rotate-key':
    case 'revoke-key':
    case 'hand-over-key':
      await changeKeys(world, operation.kind, { where, who: who.personId, whom: whom.personId });
      return;
    case 'make-token':
    case 'revoke-token':
      await changeTokens(world, operation.kind, acting);
      return;
    case 'erase':
      await erasePerson(pool, actor, { personId: who.personId }, now);
      return;
    case 'set-rule':
      await withActing(pool, actor, now, (connection) =>
        connection.query('select set_auto_top_up($1, $2, $3, 0, $4, null, $5, true, $6)', [
          where.accountId,
          who.personId,
          `pm_${who.personId}`,
          5_000_000_000n,
          10_000_000_000n * BigInt(operation.whom + 1),
          now,
        ]),
      );
      return;
    default:
      operation.kind satisfies never;
  }
}

/** Some invitation of the organization, mostly one that waits; nobody's id when there is none. */
async function anInvitation({ pool }: World, organizationId: string, which: number): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `select id from auth.invitations where organization_id = $1 order by status = 'pending' desc, id desc`,
    [organizationId],
  );
  return rows[which % Math.max(1, Math.min(rows.length, 3))]?.id ?? organizationId;
}

async function invitedPerson({ pool, people }: World, id: string): Promise<TestPerson | undefined> {
  const { rows } = await pool.query<{ email: string }>('select email from auth.invitations where id = $1', [
    id,
  ]);
  return people.find(({ email }) => email === rows[0]?.email);
}

function pick<T>(from: readonly T[], which: number): T {
  const picked = from[which % from.length];
  if (picked === undefined) throw new Error('nothing to pick from');
  return picked;
}
