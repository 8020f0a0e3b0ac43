// Accounts: the balances that the caller may see.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import {
  accountIds,
  accountIdsOfOrganization,
  accountIdsOfPerson,
  readAccounts,
} from '../../ledger/reading/accounts.ts';
import { invalidCursor, pageFrom } from '../cursor.ts';
import type { Principal } from '../principal.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route, type RouteSurroundings, route } from '../route.ts';
import { accountParams, cursor, limit, pageOf } from '../schemas.ts';
import { account, shownAccount } from '../shown-account.ts';

const accountPage = pageOf(account, 'AccountPage');

export type AccountSurroundings = RouteSurroundings;

/** `GET /v1/accounts` and `GET /v1/accounts/{accountId}`. */
export function accountRoutes(surroundings: AccountSurroundings): Route[] {
  return [listRoute(surroundings), readRoute(surroundings)];
}

function listRoute(surroundings: AccountSurroundings): Route {
  const { pool } = surroundings;
  return route(surroundings, {
    method: 'get',
    path: '/v1/accounts',
    summary: 'The accounts you may see, oldest first',
    description: 'Your own account and those of your organizations; an operator sees all.',
    tag: 'Accounts',
    caller: 'reader',
    query: z.strictObject({ cursor: cursor.optional(), limit }),
    answers: { 200: { description: 'A page of accounts', schema: accountPage } },
    async handle({ principal, query }) {
      if (query.cursor !== undefined && !isUuid(query.cursor)) throw invalidCursor();
      const ids = await visibleIds(pool, principal, { after: query.cursor, limit: query.limit + 1 });
      const { items, nextCursor } = pageFrom(ids, query.limit, (id) => id);
      const found = await readAccounts(pool, items);
      return { status: 200, body: { items: found.map(shownAccount), nextCursor } };
    },
  });
}

function readRoute(surroundings: AccountSurroundings): Route {
  const { pool } = surroundings;
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/accounts/{accountId}',
    summary: 'One account with its balance',
    tag: 'Accounts',
    right: 'read',
    params: accountParams,
    answers: { 200: { description: 'The account', schema: account } },
    problems: ['account-not-found'],
    async handle({ access }) {
      const { accountId } = access;
      const [found] = await readAccounts(pool, [accountId]);
      if (found === undefined) throw new Problem('account-not-found');
      return { status: 200, body: shownAccount(found) };
    },
  });
}

async function visibleIds(
  pool: Pool,
  principal: Principal,
  page: { after: string | undefined; limit: number },
): Promise<string[]> {
  if (principal.kind === 'person') return accountIdsOfPerson(pool, principal.personId, page);
  if (principal.kind === 'nobody' || principal.kind === 'gateway' || !principal.token.scopes.has('read'))
    throw new Problem('forbidden', 'This needs a token with the scope read.');
  if (principal.kind === 'organization')
    return accountIdsOfOrganization(pool, principal.token.organizationId, page);
  return accountIds(pool, page);
}
