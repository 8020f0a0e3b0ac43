// Lines of the matrix: organizations, their members, and invitations from both sides.
import { v7 as uuidv7 } from 'uuid';
import type { Line } from './line.ts';
import * as rows from './rows.ts';

const ONE = '/v1/organizations/{organizationId}';
const MEMBER = `${ONE}/members/{memberId}`;
const INVITATIONS = `${ONE}/invitations`;
const MINE = '/v1/me/invitations/{invitationId}';
const LINK = '/v1/invitations/{secret}';

/** Only owners make, change and remove owners, and the colleague is one. */
const owners = { narrowed: true, onColleagues: { owner: 'yes', admin: 403, member: 403 } } as const;
const mine = { row: rows.PEOPLE_THEMSELVES, named: { invitationId: 'receivedId' } } as const;
/** Whoever has the link knows that there is an invitation. */
const link = {
  row: rows.PEOPLE_THEMSELVES,
  named: { secret: 'receivedSecret' },
  onForeignThing: 403,
} as const;

export const organizationLines: readonly Line[] = [
  {
    route: 'POST /v1/organizations',
    row: rows.PEOPLE_THEMSELVES,
    request: () => ({ body: { name: 'Hooli' } }),
  },
  { route: `GET ${ONE}`, row: rows.READING },
  { route: `PATCH ${ONE}`, row: rows.STEWARDS, request: () => ({ body: { name: 'Renamed' } }) },
  { route: `POST ${ONE}/leave`, row: rows.MEMBERS },
  {
    route: `POST ${ONE}/close`,
    row: rows.OWNERS,
    request: ({ things }) => ({ body: { confirm: things.slug } }),
  },
  { route: `GET ${ONE}/members`, row: rows.READING, narrowed: true },
  { route: `GET ${MEMBER}`, row: rows.READING, narrowed: true },
  { route: `PATCH ${MEMBER}`, row: rows.STEWARDS, ...owners, request: () => ({ body: { role: 'admin' } }) },
  { route: `DELETE ${MEMBER}`, row: rows.STEWARDS, ...owners },
  { route: `GET ${INVITATIONS}`, row: rows.STEWARDS },
  {
    route: `POST ${INVITATIONS}`,
    row: rows.STEWARDS,
    narrowed: true,
    request: () => ({ body: { email: `${uuidv7()}@example.com` } }),
  },
  { route: `POST ${INVITATIONS}/{invitationId}/resend`, row: rows.STEWARDS, narrowed: true },
  { route: `DELETE ${INVITATIONS}/{invitationId}`, row: rows.STEWARDS, narrowed: true },
  { route: 'GET /v1/me/invitations', row: rows.PEOPLE_THEMSELVES },
  { route: `POST ${MINE}/accept`, ...mine },
  { route: `POST ${MINE}/decline`, ...mine },
  { route: `GET ${LINK}`, row: rows.ANYBODY, named: { secret: 'receivedSecret' }, onForeignThing: 'yes' },
  { route: `POST ${LINK}/accept`, ...link },
  { route: `POST ${LINK}/decline`, ...link },
];
