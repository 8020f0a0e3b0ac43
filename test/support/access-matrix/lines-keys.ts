// Lines of the matrix: API keys of an account, and tokens of an organization's programs.
import type { Line } from './line.ts';
import * as rows from './rows.ts';

const KEYS = '/v1/accounts/{accountId}/api-keys';
const KEY = `${KEYS}/{apiKeyId}`;
const TOKENS = '/v1/organizations/{organizationId}/tokens';

/** Members reach their own keys; owners, admins and programs reach all. */
const everybodysKeys = {
  row: rows.MEMBERS_AND_KEY_TOKENS,
  narrowed: true,
  onColleagues: { owner: 'yes', admin: 'yes', member: 404, 'token keys': 'yes' },
} as const;

export const keyLines: readonly Line[] = [
  { route: `GET ${KEYS}`, row: rows.MEMBERS_AND_KEY_TOKENS, narrowed: true },
  {
    route: `POST ${KEYS}`,
    row: rows.MEMBERS_AND_KEY_TOKENS,
    narrowed: true,
    request: ({ caller, things }) => ({
      body: { name: 'another key', ...(caller.person === undefined && { memberId: things.memberId }) },
    }),
  },
  { route: `GET ${KEY}`, ...everybodysKeys },
  { route: `PATCH ${KEY}`, ...everybodysKeys, request: () => ({ body: { name: 'renamed' } }) },
  { route: `DELETE ${KEY}`, ...everybodysKeys },
  { route: `POST ${KEY}/rotate`, ...everybodysKeys, request: () => ({ body: { graceSeconds: 0 } }) },
  {
    route: `POST ${KEY}/hand-over`,
    row: rows.STEWARDS_AND_KEY_TOKENS,
    request: ({ things }) => ({ body: { memberId: things.memberId } }),
    onColleagues: { owner: 'yes', admin: 'yes', member: 403, 'token keys': 'yes' },
  },
  { route: `GET ${TOKENS}`, row: rows.STEWARDS },
  {
    route: `POST ${TOKENS}`,
    row: rows.STEWARDS,
    request: () => ({
      body: {
        name: 'a program',
        scopes: ['read'],
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
      },
    }),
  },
  { route: `DELETE ${TOKENS}/{tokenId}`, row: rows.STEWARDS },
];
