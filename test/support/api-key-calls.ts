// Calls about API keys, made by somebody of a team, and what stands of keys in the database.
import type { Pool } from '../../ledger/database.ts';
import type { TestOrganization } from './people.ts';
import type { PeopleApi } from './people-api.ts';

/** Who of a team calls. */
export type Who = 'owner' | 'admin' | 'member' | 'outsider';

/** The calls, on whatever `world` gives by the time they are made. */
export function apiKeyCalls(world: () => { readonly api: PeopleApi; readonly pool: Pool }) {
  return { create, list, revoke, read, change, rotate, handOver, revokedOf, endsOf };

  function create(team: TestOrganization, who: Who, body: unknown = { name: 'test key' }) {
    return world().api.call('POST', `/v1/accounts/${team.accountId}/api-keys`, {
      as: team[who].personId,
      body,
    });
  }

  function list(team: TestOrganization, who: Who, query = '') {
    return world().api.call('GET', `/v1/accounts/${team.accountId}/api-keys${query}`, {
      as: team[who].personId,
    });
  }

  function revoke(team: TestOrganization, who: Who, apiKeyId: string) {
    return world().api.call('DELETE', `/v1/accounts/${team.accountId}/api-keys/${apiKeyId}`, {
      as: team[who].personId,
    });
  }

  async function revokedOf(team: TestOrganization): Promise<string[]> {
    const { rows } = await world().pool.query<{ id: string }>(
      'select id from api_keys where account_id = $1 and revoked_at is not null order by id',
      [team.accountId],
    );
    return rows.map(({ id }) => id);
  }

  function read(team: TestOrganization, who: Who, apiKeyId: string) {
    return world().api.call('GET', `/v1/accounts/${team.accountId}/api-keys/${apiKeyId}`, {
      as: team[who].personId,
    });
  }

  function change(team: TestOrganization, who: Who, apiKeyId: string, body: unknown) {
    const path = `/v1/accounts/${team.accountId}/api-keys/${apiKeyId}`;
    return world().api.call('PATCH', path, { as: team[who].personId, body });
  }

  function rotate(team: TestOrganization, who: Who, apiKeyId: string, body?: unknown) {
    const path = `/v1/accounts/${team.accountId}/api-keys/${apiKeyId}/rotate`;
    return world().api.call('POST', path, { as: team[who].personId, body });
  }

  function handOver(team: TestOrganization, who: Who, apiKeyId: string, memberId: string) {
    const path = `/v1/accounts/${team.accountId}/api-keys/${apiKeyId}/hand-over`;
    return world().api.call('POST', path, { as: team[who].personId, body: { memberId } });
  }

  /** When each secret of a key ends, by its prefix. */
  async function endsOf(apiKeyId: string): Promise<Record<string, string | null>> {
    const { rows } = await world().pool.query<{ prefix: string; ends_at: Date | null }>(
      'select prefix, ends_at from api_key_secrets where api_key_id = $1',
      [apiKeyId],
    );
    return Object.fromEntries(rows.map(({ prefix, ends_at }) => [prefix, ends_at?.toISOString() ?? null]));
  }
}
