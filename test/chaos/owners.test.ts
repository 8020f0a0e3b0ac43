// Owners and sponsors in races: two last owners at the same moment, and a role lowered while its bearer sets up auto top-up.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addMember } from '../../ledger/members.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { brokenMemberships, membershipState, storeCard } from '../support/membership.ts';
import { createOrganization, createPerson, createTeam, signIn } from '../support/people.ts';
import { type PeopleApi, startPeopleApi } from '../support/people-api.ts';
import { type Dice, rollDice, rounds, timeLimitMs } from '../support/soak.ts';

const FEW = 8;
const MOST_DELAY_MS = 12;
const RULE = { threshold: '10.00', amount: '20.00', monthlyCap: '100.00' };

let database: TestDatabase;
let api: PeopleApi;
let dice: Dice;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database);
  dice = rollDice('owners');
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

interface Act {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** How an owner may go, or make the other one go. */
function waysToGo(organizationId: string, self: string, other: string): Act[] {
  const path = `/v1/organizations/${organizationId}`;
  return [
    { what: 'leaves', method: 'POST', path: `${path}/leave` },
    { what: 'steps down', method: 'PATCH', path: `${path}/members/${self}`, body: { role: 'member' } },
    { what: 'removes themselves', method: 'DELETE', path: `${path}/members/${self}` },
    { what: 'removes the other', method: 'DELETE', path: `${path}/members/${other}` },
    { what: 'demotes the other', method: 'PATCH', path: `${path}/members/${other}`, body: { role: 'admin' } },
  ];
}

async function act(as: string, { method, path, body }: Act): Promise<number> {
  await sleep(dice.between(0, MOST_DELAY_MS));
  return (await api.call(method, path, { as, body })).status;
}

test(
  'an organization keeps an owner, whatever its two last owners do to themselves and each other at the same moment',
  async () => {
    for (let round = 0; round < rounds(FEW); round += 1) {
      const { pool } = database;
      const [first, second] = await Promise.all([createPerson(pool), createPerson(pool)]);
      const { organizationId } = await createOrganization(pool, first.personId);
      await addMember(pool, { organizationId, personId: second.personId, role: 'owner', now: new Date() });
      const tokens = [
        await signIn(api.auth, first.personId),
        await signIn(api.auth, second.personId),
      ] as const;
      const acts = [
        dice.pick(waysToGo(organizationId, first.personId, second.personId)),
        dice.pick(waysToGo(organizationId, second.personId, first.personId)),
      ] as const;
      const statuses = await Promise.all([act(tokens[0], acts[0]), act(tokens[1], acts[1])]);
      const told = `the first ${acts[0].what}: ${statuses[0]}, the second ${acts[1].what}: ${statuses[1]}`;
      for (const status of statuses) expect([200, 204, 403, 404, 409]).toContain(status);
      const { members } = await membershipState(pool, organizationId);
      expect({ told, owners: members.filter(({ role }) => role === 'owner').length }).toEqual({
        told,
        owners: 1,
      });
    }
    expect(await brokenMemberships(database.pool)).toEqual([]);
  },
  timeLimitMs(FEW),
);

test(
  'no rule charges the card of somebody whose role was lowered, or who was removed, while they set it up',
  async () => {
    let won = 0;
    for (let round = 0; round < rounds(FEW); round += 1) {
      const { pool } = database;
      const team = await createTeam(pool);
      const paymentMethodId = await storeCard(pool, team.admin);
      const [owner, admin] = [
        await signIn(api.auth, team.owner.personId),
        await signIn(api.auth, team.admin.personId),
      ];
      const member = `/v1/organizations/${team.organizationId}/members/${team.admin.personId}`;
      const lowered = dice.pick([
        { what: 'demoted', method: 'PATCH', path: member, body: { role: 'member' } },
        { what: 'removed', method: 'DELETE', path: member },
      ]);
      const enabled = {
        what: 'enabled',
        method: 'PUT',
        path: `/v1/accounts/${team.accountId}/auto-top-up`,
        body: { ...RULE, paymentMethodId },
      };
      const [changed, set] = await Promise.all([act(owner, lowered), act(admin, enabled)]);
      expect([200, 204]).toContain(changed);
      expect([200, 403, 404]).toContain(set);
      if (set === 200) won += 1;
      const { rows } = await pool.query(
        `select state, suspension from auto_top_up_rules where account_id = $1`,
        [team.accountId],
      );
      expect(rows).toEqual(set === 200 ? [{ state: 'suspended', suspension: 'sponsor-left' }] : []);
    }
    process.stderr.write(`owners: ${won} of ${rounds(FEW)} rules were set before the role was lowered\n`);
    expect(await brokenMemberships(database.pool)).toEqual([]);
  },
  timeLimitMs(FEW),
);

test(
  'who is demoted at the same moment either acted before it or not at all',
  async () => {
    for (let round = 0; round < rounds(FEW); round += 1) {
      const { pool } = database;
      const team = await createTeam(pool);
      const path = `/v1/organizations/${team.organizationId}/members`;
      const [owner, admin] = [
        await signIn(api.auth, team.owner.personId),
        await signIn(api.auth, team.admin.personId),
      ];
      const [, removed] = await Promise.all([
        act(owner, {
          what: 'demotes',
          method: 'PATCH',
          path: `${path}/${team.admin.personId}`,
          body: { role: 'member' },
        }),
        act(admin, { what: 'removes', method: 'DELETE', path: `${path}/${team.member.personId}` }),
      ]);
      const { rows } = await pool.query<{ action: string }>(
        `select action from audit_lines where account_id = $1 and action in ('member.role-changed', 'member.removed') order by position`,
        [team.accountId],
      );
      expect(rows.map(({ action }) => action)).toEqual(
        removed === 204 ? ['member.removed', 'member.role-changed'] : ['member.role-changed'],
      );
    }
  },
  timeLimitMs(FEW),
);
