// Keys and tokens in the small world of organizations: the operations on them, by whoever is there.
import {
  type ApiKeyChange,
  changeApiKey,
  createApiKey,
  handOverApiKey,
  revokeApiKey,
  rotateApiKey,
} from '../../ledger/api-keys.ts';
import { asMember, type MemberActing } from '../../ledger/membership.ts';
import { createServiceToken, revokeServiceToken } from '../../ledger/service-tokens.ts';
import type { World } from './membership-world.ts';

const DAY_MS = 86_400_000;

export type KeyOperation = 'make-key' | 'rename-key' | 'rotate-key' | 'revoke-key' | 'hand-over-key';

/** Does something with a key of the account, as `who`; with the first one that works, if it must be one. */
export async function changeKeys(
  world: World,
  kind: KeyOperation,
  { where, who, whom }: { where: { accountId: string }; who: string; whom: string },
): Promise<void> {
  const { pool, now } = world;
  const { accountId } = where;
  const actor = { kind: 'person', id: who } as const;
  if (kind === 'make-key') {
    await createApiKey(pool, { accountId, memberId: who, name: 'key', live: false, actor, now });
    return;
  }
  const [id] = await keysOf(world, accountId);
  if (id === undefined) return;
  const key: ApiKeyChange = { id, accountId, memberId: undefined, stewards: ['owner', 'admin'], actor, now };
  switch (kind) {
    case 'rename-key':
      await changeApiKey(pool, { ...key, name: `key at ${now.toISOString()}` });
      return;
    case 'rotate-key':
      await rotateApiKey(pool, { ...key, graceMs: DAY_MS, live: false });
      return;
    case 'revoke-key':
      await revokeApiKey(pool, key);
      return;
    case 'hand-over-key':
      await handOverApiKey(pool, { ...key, to: whom });
      return;
    default:
      kind satisfies never;
  }
}

/** Makes a token of the organization, or revokes its first one. */
export async function changeTokens(
  { pool, now }: World,
  kind: 'make-token' | 'revoke-token',
  acting: MemberActing,
): Promise<void> {
  const { organizationId, personId } = acting;
  await asMember(pool, acting, 'manage-tokens', now, async ({ connection }) => {
    if (kind === 'make-token') {
      const expiresAt = new Date(now.getTime() + DAY_MS);
      const token = { kind: 'organization', name: 'token', scopes: ['read'] } as const;
      await createServiceToken(connection, { ...token, expiresAt, organizationId, createdBy: personId, now });
      return;
    }
    const { rows } = await connection.query<{ id: string }>(
      'select id from service_tokens where organization_id = $1 and revoked_at is null order by id limit 1',
      [organizationId],
    );
    if (rows[0] !== undefined) await revokeServiceToken(connection, rows[0].id, now, organizationId);
  });
}

/** The keys of an account that work, all or those of one member, in the order in which they were made. */
export async function keysOf({ pool }: World, accountId: string, memberId?: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select id from api_keys where account_id = $1 and ($2::uuid is null or member_id = $2) and revoked_at is null
     order by id`,
    [accountId, memberId ?? null],
  );
  return rows.map(({ id }) => id);
}
