// People for tests: persons, organizations with members, keys and tokens, made by SQL so that no password is hashed.
import { createHmac, randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type Auth, createAuth } from '../../api/auth.ts';
import { createApiKey } from '../../ledger/api-keys.ts';
import { type Pool, withTransaction } from '../../ledger/database.ts';
import { addMember, type MemberRole } from '../../ledger/members.ts';
import {
  createServiceToken,
  LONGEST_TOKEN_MS,
  type ServiceTokenKind,
  type ServiceTokenScope,
} from '../../ledger/service-tokens.ts';

export interface TestPerson {
  readonly personId: string;
  readonly name: string;
  readonly email: string;
  /** Their personal account. */
  readonly accountId: string;
}

export interface TestOrganization {
  readonly organizationId: string;
  readonly accountId: string;
  readonly owner: TestPerson;
  readonly admin: TestPerson;
  readonly member: TestPerson;
  /** Somebody with no part in it. */
  readonly outsider: TestPerson;
}

export const TEST_AUTH_SECRET = 'R7vN2qLx9ZtB4kWm8JcYp3HdSf6GuEa1';

/** The better-auth of a test's database. */
export function createTestAuth(pool: Pool, baseUrl = 'http://localhost:8080'): Auth {
  return createAuth({ pool, baseUrl, secret: TEST_AUTH_SECRET });
}

/** A person with their personal account. They have no password: sign them in with `signIn`. */
export async function createPerson(pool: Pool, name = 'Somebody', now = new Date()): Promise<TestPerson> {
  const personId = uuidv7();
  const email = `${name.toLowerCase().replaceAll(/[^a-z]+/g, '-')}-${randomUUID().slice(0, 8)}@example.com`;
  await pool.query(
    `insert into auth.people (id, name, email, email_verified, created_at, updated_at)
     values ($1, $2, $3, true, $4, $4)`,
    [personId, name, email, now],
  );
  return { personId, name, email, accountId: await accountOf(pool, personId) };
}

/** Confirms the address of a person who signed up, as the link in their mail would. */
export async function verifyEmail(pool: Pool, email: string): Promise<void> {
  await pool.query('update auth.people set email_verified = true where email = $1', [email]);
}

/** An organization whose first owner is an existing person. */
export async function createOrganization(
  pool: Pool,
  ownerId: string,
  name = 'Acme',
  now = new Date(),
): Promise<{ organizationId: string; accountId: string }> {
  const organizationId = uuidv7();
  await withTransaction(pool, async (connection) => {
    await connection.query(
      'insert into auth.organizations (id, name, slug, created_at) values ($1, $2, $3, $4)',
      [organizationId, name, `${name.toLowerCase()}-${randomUUID().slice(0, 8)}`, now],
    );
    await addMember(connection, { organizationId, personId: ownerId, role: 'owner', now });
  });
  return { organizationId, accountId: await accountOf(pool, organizationId) };
}

/** An organization with one person in each role, and an outsider. */
export async function createTeam(pool: Pool, now = new Date()): Promise<TestOrganization> {
  const owner = await createPerson(pool, 'Olga Owner', now);
  const { organizationId, accountId } = await createOrganization(pool, owner.personId, 'Acme', now);
  const join = async (name: string, role: MemberRole): Promise<TestPerson> => {
    const person = await createPerson(pool, name, now);
    await addMember(pool, { organizationId, personId: person.personId, role, now });
    return person;
  };
  return {
    organizationId,
    accountId,
    owner,
    admin: await join('Ada Admin', 'admin'),
    member: await join('Max Member', 'member'),
    outsider: await createPerson(pool, 'Otto Outsider', now),
  };
}

/** A key of a member that the account pays for. */
export async function createKey(
  pool: Pool,
  key: { accountId: string; memberId: string; name?: string; expiresAt?: Date; now?: Date },
): Promise<{ apiKeyId: string; secret: string }> {
  const { name = 'test key', now = new Date(), ...rest } = key;
  const actor = { kind: 'person', id: key.memberId } as const;
  const { apiKey, secret } = await createApiKey(pool, { ...rest, name, live: false, actor, now });
  return { apiKeyId: apiKey.id, secret };
}

/** The secret of a new gateway token; `explicit-cost` in the scopes lets it state costs itself. */
export async function createGatewayToken(
  pool: Pool,
  scopes: readonly ServiceTokenScope[] = ['usage'],
): Promise<string> {
  return createToken(pool, { kind: 'gateway', scopes });
}

/** The secret of a new operator token, with every scope unless some are named. */
export async function createOperatorToken(
  pool: Pool,
  scopes?: readonly ServiceTokenScope[],
): Promise<string> {
  return createToken(pool, { kind: 'operator', ...(scopes && { scopes }) });
}

/** The secret of a new token of an organization's program. */
export async function createOrganizationToken(
  pool: Pool,
  organizationId: string,
  scopes: readonly ServiceTokenScope[] = ['read'],
): Promise<string> {
  return createToken(pool, { kind: 'organization', organizationId, scopes });
}

async function createToken(
  pool: Pool,
  token: { kind: ServiceTokenKind; organizationId?: string; scopes?: readonly ServiceTokenScope[] },
): Promise<string> {
  const now = new Date();
  const expiresAt = token.kind === 'gateway' ? undefined : new Date(now.getTime() + LONGEST_TOKEN_MS);
  const { secret } = await createServiceToken(pool, { ...token, name: 'test', expiresAt, now });
  return secret;
}

/** Signs a person in without a password and returns the bearer token, as `set-auth-token` would carry it. */
export async function signIn(auth: Auth, personId: string): Promise<string> {
  const { internalAdapter } = await auth.$context;
  const { token } = await internalAdapter.createSession(personId);
  return `${token}.${createHmac('sha256', TEST_AUTH_SECRET).update(token).digest('base64')}`;
}

async function accountOf(pool: Pool, ownerId: string): Promise<string> {
  const { rows } = await pool.query<{ id: string }>('select id from accounts where owner_id = $1', [ownerId]);
  const [account] = rows;
  if (account === undefined) throw new Error(`${ownerId} has no account`);
  return account.id;
}
