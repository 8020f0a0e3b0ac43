// One invitation answered many times at once: by several sessions, by link and from the list, while it is taken back or sent again.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { audited, brokenMemberships, membershipState, secretFor } from '../support/membership.ts';
import { createPerson, createTeam, signIn } from '../support/people.ts';
import { type PeopleApi, startPeopleApi } from '../support/people-api.ts';
import { type Dice, rollDice, rounds, timeLimitMs } from '../support/soak.ts';

const FEW = 6;
const MOST_DELAY_MS = 12;

let database: TestDatabase;
let api: PeopleApi;
let dice: Dice;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startPeopleApi(database);
  dice = rollDice('invitations');
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

async function invited() {
  const { pool } = database;
  const team = await createTeam(pool);
  const guest = await createPerson(pool);
  const path = `/v1/organizations/${team.organizationId}/invitations`;
  const body = { email: guest.email, role: dice.pick(['member', 'admin']) };
  const { id } = (await api.call('POST', path, { as: team.owner.personId, body })).body;
  return {
    team,
    path: `${path}/${id}`,
    role: body.role,
    guest: guest.personId,
    owner: await signIn(api.auth, team.owner.personId),
    sessions: [await signIn(api.auth, guest.personId), await signIn(api.auth, guest.personId)],
    links: [`/v1/invitations/${await secretFor(pool, guest.email)}`, `/v1/me/invitations/${id}`],
  };
}

async function later(method: string, path: string, as: string): Promise<{ status: number; code: string }> {
  await sleep(dice.between(0, MOST_DELAY_MS));
  const { status, body } = await api.call(method, path, { as });
  return { status, code: body?.code ?? '' };
}

test(
  'one invitation accepted at once by two sessions, by its link and from the list, makes one member',
  async () => {
    for (let round = 0; round < rounds(FEW); round += 1) {
      const { team, guest, role, sessions, links } = await invited();
      const answers = await Promise.all(
        sessions.flatMap((as) => links.map((link) => later('POST', `${link}/accept`, as))),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ code }) => code === 'invitation-over')).toHaveLength(3);
      const { members } = await membershipState(database.pool, team.organizationId);
      expect(members.filter(({ person }) => person === guest)).toEqual([{ person: guest, role }]);
      const lines = await audited(database.pool, team.accountId);
      expect(lines.filter(([, actor]) => actor === guest)).toEqual([['member.joined', guest]]);
    }
    expect(await brokenMemberships(database.pool)).toEqual([]);
  },
  timeLimitMs(FEW),
);

test(
  'an invitation that is accepted, declined, taken back and sent again at once ends one way',
  async () => {
    for (let round = 0; round < rounds(FEW); round += 1) {
      const { team, path, guest, owner, sessions, links } = await invited();
      const [as = ''] = sessions;
      const link = dice.pick(links);
      const [accepted, declined, revoked, resent] = await Promise.all([
        later('POST', `${link}/accept`, as),
        later('POST', `${link}/decline`, as),
        later('DELETE', path, owner),
        later('POST', `${path}/resend`, owner),
      ]);
      for (const { status, code } of [accepted, declined, revoked, resent])
        expect([200, 204, 404, 409]).toContain(code === 'internal-error' ? code : status);
      const ends = [accepted, declined, revoked].filter(({ status }) => status < 300);
      const { members, invitations } = await membershipState(database.pool, team.organizationId);
      expect(ends).toHaveLength(1);
      const status = accepted.status === 200 ? 'accepted' : declined.status === 204 ? 'declined' : 'revoked';
      expect(invitations).toMatchObject([{ status, sends: resent.status === 200 ? 2 : 1 }]);
      expect(members.some(({ person }) => person === guest)).toBe(status === 'accepted');
      const { rows } = await database.pool.query(
        `select from notices where details ? 'secret' and next_try_at is null`,
      );
      expect(rows).toHaveLength(0);
    }
    expect(await brokenMemberships(database.pool)).toEqual([]);
  },
  timeLimitMs(FEW),
);
