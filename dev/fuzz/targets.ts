// Targets: where to fuzz, and as whom — a stack of our own, or the demo organization of one that runs.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { startTestCoffer } from '../../test/support/coffer.ts';
import { tokenOf } from '../../test/support/members.ts';
import { createKey, createOrganizationToken, createTeam } from '../../test/support/people.ts';
import { CommandFailed } from '../command.ts';

export interface FuzzTarget {
  readonly url: string;
  /** Who calls → the bearer token they send. */
  readonly callers: ReadonlyMap<string, string | undefined>;
  readonly known: Readonly<Record<string, readonly string[]>>;
  close(): Promise<void>;
}

/** As many organizations as there are, so that one that is closed on the way leaves others. */
const TEAMS = 5;

/** Starts Postgres, Temporal, the sandbox, the API and a worker, with a few organizations. */
export async function ownTarget(say: (line: string) => void): Promise<FuzzTarget> {
  say('starting a stack');
  const coffer = await startTestCoffer({ ownPostgres: true, ownTemporal: true, worker: true, sandbox: true });
  try {
    const { pool } = coffer;
    const teams = [];
    for (let made = 0; made < TEAMS; made += 1) teams.push(await createTeam(pool));
    const [team] = teams;
    if (team === undefined) throw new Error('no team was made');
    const keys = await Promise.all(
      teams.map(({ accountId, owner }) => createKey(pool, { accountId, memberId: owner.personId })),
    );
    // one person owns all of them
    for (const { organizationId } of teams.slice(1)) {
      await pool.query(
        `insert into auth.members (id, organization_id, person_id, role, created_at) values ($1, $2, $3, 'owner', $4)`,
        [randomUUID(), organizationId, team.owner.personId, new Date()],
      );
    }
    const program = await createOrganizationToken(pool, team.organizationId, ['read', 'keys']);
    return {
      url: coffer.url,
      callers: new Map([
        ['nobody', undefined],
        ['an owner', await tokenOf(coffer, team.owner.personId)],
        ['a gateway', coffer.gatewayToken],
        ['an operator', coffer.operatorToken],
        ['a program of an organization', program],
      ]),
      known: {
        accountId: [...teams.map(({ accountId }) => accountId), team.owner.accountId],
        organizationId: teams.map(({ organizationId }) => organizationId),
        apiKeyId: keys.map(({ apiKeyId }) => apiKeyId),
        memberId: teams.flatMap(({ admin, member }) => [admin.personId, member.personId]),
        code: ['forbidden', 'not-found'],
      },
      close: () => coffer.stop(),
    };
  } catch (error) {
    await coffer.stop();
    throw error;
  }
}

const accountList = z.object({
  items: z.array(z.object({ id: z.string(), owner: z.object({ type: z.string(), id: z.string() }) })),
});

/** An API that runs already, called with one token or none; of it is known what the token may see. */
export async function runningTarget(baseUrl: string, token: string | undefined): Promise<FuzzTarget> {
  if (!URL.canParse(baseUrl)) throw new CommandFailed(`--base-url: ${baseUrl} is no address`);
  const url = baseUrl.replace(/\/+$/, '');
  return {
    url,
    callers: new Map([[token === undefined ? 'nobody' : 'whoever has the token', token]]),
    known: { ...(await accountsSeen(url, token)), code: ['forbidden', 'not-found'] },
    close: async () => undefined,
  };
}

async function accountsSeen(url: string, token: string | undefined): Promise<FuzzTarget['known']> {
  const answer = await fetch(`${url}/v1/accounts`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  }).catch((error: unknown) => {
    throw new CommandFailed(`nobody answers at ${url}: ${error instanceof Error ? error.message : error}`);
  });
  const seen = accountList.safeParse(await answer.json().catch(() => undefined));
  if (!seen.success || seen.data.items.length === 0) return {};
  const { items } = seen.data;
  const organizationId = items
    .filter(({ owner }) => owner.type === 'organization')
    .map(({ owner }) => owner.id);
  return {
    accountId: items.map(({ id }) => id),
    ...(organizationId.length > 0 && { organizationId }),
  };
}
