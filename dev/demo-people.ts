// The people of the demo organization, signed up and in through the API like anybody else.
import { createHmac } from 'node:crypto';
import type { Pool } from '../ledger/database.ts';
import { CommandFailed } from './command.ts';

export const DEMO_ROLES = ['owner', 'admin', 'member', 'outsider'] as const;
export type DemoRole = (typeof DEMO_ROLES)[number];

export interface DemoPerson {
  readonly email: string;
  readonly password: string;
  readonly personId: string;
  readonly accountId: string;
}

const NAMES: Record<DemoRole, string> = {
  owner: 'Olga Owner',
  admin: 'Ada Admin',
  member: 'Max Member',
  outsider: 'Otto Outsider',
};

const FIND_PERSON = `
  select p.id as person_id, a.id as account_id
  from auth.people p join accounts a on a.owner_type = 'person' and a.owner_id = p.id
  where p.email = $1::text`;

/** Nobody reads a demo person's mail: their address counts as confirmed, and the mail that asks for it is not sent. */
const VERIFY = `
  with verified as (update auth.people set email_verified = true where email = $1::text returning id)
  delete from notices where kind = 'verify-email' and person_id = (select id from verified)`;

/** Signs a demo person up, or finds the one of an earlier, unfinished seed: passwords derive from the home's secret. */
export async function demoPerson(
  pool: Pool,
  baseUrl: string,
  secret: string,
  role: DemoRole,
): Promise<DemoPerson> {
  const email = `${role}@demo.example`;
  const password = createHmac('sha256', secret)
    .update(`demo password of ${role}`)
    .digest('base64url')
    .slice(0, 24);
  const { rows } = await pool.query<{ person_id: string; account_id: string }>(FIND_PERSON, [email]);
  const known = rows[0];
  if (known !== undefined) {
    await pool.query(VERIFY, [email]);
    await signIn(baseUrl, email, password);
    return { email, password, personId: known.person_id, accountId: known.account_id };
  }
  const response = await post(baseUrl, '/api/auth/sign-up/email', { name: NAMES[role], email, password });
  if (!response.ok)
    throw new Error(`${email} could not be signed up: ${response.status} ${await response.text()}`);
  await pool.query(VERIFY, [email]);
  return await demoPerson(pool, baseUrl, secret, role);
}

/** Signs in and returns the bearer token. */
export async function signIn(baseUrl: string, email: string, password: string): Promise<string> {
  const response = await post(baseUrl, '/api/auth/sign-in/email', { email, password });
  const token = response.headers.get('set-auth-token');
  if (!response.ok || token === null) {
    throw new CommandFailed(`${email} could not be signed in: ${response.status} ${await response.text()}`);
  }
  return token;
}

/** A POST of JSON, as a person where there is a token. */
export function post(baseUrl: string, path: string, body: unknown, token?: string): Promise<Response> {
  return fetch(baseUrl + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
}
