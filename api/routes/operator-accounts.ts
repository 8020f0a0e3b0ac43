// Operators: accounts that need somebody, one account with all that belongs to it, and freezing.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { setAccountState } from '../../ledger/freezing.ts';
import { readDossier } from '../../ledger/reading/account-dossier.ts';
import { accountIds, readAccounts } from '../../ledger/reading/accounts.ts';
import { accountIdsInState, soughtStates } from '../../ledger/reading/operator-accounts.ts';
import { invalidCursor, pageFrom } from '../cursor.ts';
import { Problem } from '../problem.ts';
import { type Route, type RouteContext, route } from '../route.ts';
import { accountParams, cursor, limit, pageOf } from '../schemas.ts';
import { account, shownAccount } from '../shown-account.ts';
import { dossier, shownDossier } from '../shown-dossier.ts';
import { type OperatorSurroundings, reason } from './operator.ts';

const PATH = '/v1/operator/accounts/{accountId}';

/** `GET /v1/operator/accounts`, `GET …/{accountId}`, `POST …/freeze` and `…/unfreeze`. */
export function operatorAccountRoutes(surroundings: OperatorSurroundings): Route[] {
  return [
    listRoute(surroundings),
    showRoute(surroundings),
    stateRoute(surroundings, {
      verb: 'freeze',
      state: 'frozen',
      summary: 'Freeze an account',
      description:
        'Usage is still recorded; no work is authorized and no charge begins any more. A payment that was begun before still adds its credit.',
    }),
    stateRoute(surroundings, {
      verb: 'unfreeze',
      state: 'open',
      summary: 'Open a frozen account again',
      description: 'Auto top-up is evaluated at once.',
    }),
  ];
}

function listRoute(surroundings: OperatorSurroundings): Route {
  const { pool } = surroundings;
  return route(surroundings, {
    method: 'get',
    path: '/v1/operator/accounts',
    summary: 'Accounts, oldest first, or those in a state',
    description:
      'The balance of a closed account is what is left on it. `overdrawn` are all whose balance is below zero, whatever else they are.',
    tag: 'Operators',
    caller: 'operator',
    scope: 'read',
    query: z.strictObject({
      state: z.enum(soughtStates).optional(),
      cursor: cursor.optional(),
      limit,
    }),
    answers: { 200: { description: 'A page of accounts', schema: pageOf(account, 'AccountPage') } },
    async handle({ query }) {
      if (query.cursor !== undefined && !isUuid(query.cursor)) throw invalidCursor();
      const page = { after: query.cursor, limit: query.limit + 1 };
      const ids =
        query.state === undefined
          ? await accountIds(pool, page)
          : await accountIdsInState(pool, query.state, page);
      const { items, nextCursor } = pageFrom(ids, query.limit, (id) => id);
      const found = await readAccounts(pool, items);
      return { status: 200, body: { items: found.map(shownAccount), nextCursor } };
    },
  });
}

function showRoute(surroundings: OperatorSurroundings): Route {
  const { pool } = surroundings;
  return route(surroundings, {
    method: 'get',
    path: PATH,
    summary: 'One account with all that belongs to it',
    description: 'Owner, members, the rule without its card, the last decisions and the top-ups under way.',
    tag: 'Operators',
    caller: 'operator',
    scope: 'read',
    params: accountParams,
    answers: { 200: { description: 'The account', schema: dossier } },
    problems: ['account-not-found'],
    async handle({ params }) {
      const { accountId } = params;
      if (!isUuid(accountId)) throw new Problem('account-not-found');
      const [[found], belongings] = await Promise.all([
        readAccounts(pool, [accountId]),
        readDossier(pool, accountId),
      ]);
      if (found === undefined || belongings === undefined) throw new Problem('account-not-found');
      return { status: 200, body: shownDossier(found, belongings) };
    },
  });
}

const stateRequest = z.strictObject({ reason }).meta({ id: 'AccountStateRequest' });

type Handled = RouteContext<z.output<typeof accountParams>, unknown, z.output<typeof stateRequest>>;

function stateRoute(
  surroundings: OperatorSurroundings,
  change: {
    readonly verb: 'freeze' | 'unfreeze';
    readonly state: 'frozen' | 'open';
    readonly summary: string;
    readonly description: string;
  },
): Route {
  const { pool, clock } = surroundings;
  return route(surroundings, {
    method: 'post',
    path: `${PATH}/${change.verb}`,
    summary: change.summary,
    description: `${change.description} Doing it again changes nothing. The organization reads the reason in its audit.`,
    tag: 'Operators',
    caller: 'operator',
    scope: 'money',
    params: accountParams,
    body: stateRequest,
    answers: { 200: { description: 'The account as it is now', schema: account } },
    problems: ['account-not-found', 'account-closed'],
    async handle({ params, body, actor }: Handled) {
      const { accountId } = params;
      if (!isUuid(accountId)) throw new Problem('account-not-found');
      await setAccountState(pool, actor, { accountId, state: change.state, reason: body.reason }, clock());
      const [found] = await readAccounts(pool, [accountId]);
      if (found === undefined) throw new Problem('account-not-found');
      return { status: 200, body: shownAccount(found) };
    },
  });
}
