// What a new stack knows before anyone used it: the demo organization, its people, keys and prices, made once.
import { readFileSync } from 'node:fs';
import { SYSTEM } from '../ledger/acting.ts';
import { createApiKey } from '../ledger/api-keys.ts';
import { systemClock } from '../ledger/clock.ts';
import { createPool, type Pool } from '../ledger/database.ts';
import { setChargeLimit } from '../ledger/deployment.ts';
import { addMember, type MemberRole } from '../ledger/members.ts';
import { applyPriceImport } from '../ledger/price-import.ts';
import { parsePriceList } from '../ledger/prices.ts';
import { createServiceToken, LONGEST_TOKEN_MS, type ServiceTokenKind } from '../ledger/service-tokens.ts';
import { type DemoFile, openDemoFile } from './demo-file.ts';
import { type DemoPerson, demoPerson, post, signIn } from './demo-people.ts';
import type { StackAddresses } from './stack-addresses.ts';

/** The demo is played as often as one likes, and each time takes a charge or two. */
const DEMO_CHARGE_LIMIT = { times: 1_000, withinSeconds: 600, reason: 'the demo story charges often' };
const PRICE_LIST = new URL('demo/model-prices.json', import.meta.url);
const ORGANIZATION = { name: 'Acme', slug: 'acme-demo' };

/**
 * Seeds the demo where this home does not have it yet, and writes `demo.json`. Repeating it only brings the addresses
 * up to date; what an interrupted seed left is carried on with.
 */
export async function seed(stack: StackAddresses): Promise<void> {
  const file = openDemoFile(stack.home);
  const pool = createPool(stack.databaseUrl, { applicationName: 'coffer seed', most: 2 });
  try {
    const known = file.read();
    if (known !== undefined && (await stands(pool, known))) {
      file.write({ ...known, ...addresses(stack) });
      return;
    }
    await setChargeLimit(pool, SYSTEM, DEMO_CHARGE_LIMIT, new Date());
    await seedPrices(pool);
    const people = await seedPeople(pool, stack);
    const organization = await seedOrganization(pool, stack.baseUrl, people);
    const { accountId } = organization;
    file.write({
      ...addresses(stack),
      gatewayToken: await token(pool, 'gateway'),
      operatorToken: await token(pool, 'operator'),
      people,
      organization: {
        ...organization,
        apiKeys: {
          owner: await key(pool, accountId, people.owner, 'owner'),
          admin: await key(pool, accountId, people.admin, 'admin'),
          member: await key(pool, accountId, people.member, 'member'),
        },
      },
    });
  } finally {
    await pool.end();
  }
}

function addresses(stack: StackAddresses) {
  return {
    baseUrl: stack.baseUrl,
    temporalUiUrl: stack.temporalUiUrl ?? '',
    temporalAddress: stack.temporalAddress,
    sandboxUrl: stack.sandboxUrl ?? '',
    mailUrl: stack.mailUrl,
    databaseUrl: stack.databaseUrl,
    stripeSecretKey: stack.stripeSecretKey,
  };
}

const COUNT_KEYS = `
  select count(*)::int4 as keys from api_keys
  where id = any ($1::uuid[]) and account_id = $2::uuid and revoked_at is null`;

/** Whether this database still has what the file says: it may have been another one, or be a new one. */
async function stands(pool: Pool, { organization }: DemoFile): Promise<boolean> {
  const { owner, admin, member } = organization.apiKeys;
  const { rows } = await pool.query<{ keys: number }>(COUNT_KEYS, [
    [owner.id, admin.id, member.id],
    organization.accountId,
  ]);
  return rows[0]?.keys === 3;
}

async function seedPrices(pool: Pool): Promise<void> {
  const { rows } = await pool.query('select from prices limit 1');
  if (rows.length > 0) return;
  const list = parsePriceList(readFileSync(PRICE_LIST, 'utf8'));
  await applyPriceImport(pool, { list, source: 'model-prices.json', now: systemClock() });
}

async function seedPeople(pool: Pool, { baseUrl, authSecret }: StackAddresses) {
  return {
    owner: await demoPerson(pool, baseUrl, authSecret, 'owner'),
    admin: await demoPerson(pool, baseUrl, authSecret, 'admin'),
    member: await demoPerson(pool, baseUrl, authSecret, 'member'),
    outsider: await demoPerson(pool, baseUrl, authSecret, 'outsider'),
  };
}

const FIND_ORGANIZATION = `
  select o.id, a.id as account_id
  from auth.organizations o join accounts a on a.owner_type = 'organization' and a.owner_id = o.id
  where o.slug = $1::text`;

/** The organization of an earlier seed, or a new one made by its owner; then everybody who is missing joins. */
async function seedOrganization(
  pool: Pool,
  baseUrl: string,
  people: { owner: DemoPerson; admin: DemoPerson; member: DemoPerson },
): Promise<{ id: string; accountId: string }> {
  const found = await findOrganization(pool);
  if (found === undefined) {
    const token = await signIn(baseUrl, people.owner.email, people.owner.password);
    const response = await post(baseUrl, '/v1/organizations', ORGANIZATION, token);
    if (!response.ok) throw new Error(`the demo organization could not be made: ${await response.text()}`);
  }
  const organization = found ?? (await findOrganization(pool));
  if (organization === undefined) throw new Error('the demo organization was made and is not there');
  await join(pool, organization.id, people.admin, 'admin');
  await join(pool, organization.id, people.member, 'member');
  return organization;
}

async function findOrganization(pool: Pool): Promise<{ id: string; accountId: string } | undefined> {
  const { rows } = await pool.query<{ id: string; account_id: string }>(FIND_ORGANIZATION, [
    ORGANIZATION.slug,
  ]);
  return rows.map(({ id, account_id }) => ({ id, accountId: account_id }))[0];
}

const FIND_MEMBER = 'select from auth.members where organization_id = $1::uuid and person_id = $2::uuid';

async function join(
  pool: Pool,
  organizationId: string,
  { personId }: DemoPerson,
  role: MemberRole,
): Promise<void> {
  const { rows } = await pool.query(FIND_MEMBER, [organizationId, personId]);
  if (rows.length === 0) await addMember(pool, { organizationId, personId, role, now: systemClock() });
}

async function key(pool: Pool, accountId: string, { personId }: DemoPerson, role: MemberRole) {
  const { apiKey, secret } = await createApiKey(pool, {
    accountId,
    memberId: personId,
    name: `demo key of the ${role}`,
    live: false,
    actor: { kind: 'person', id: personId },
    now: systemClock(),
  });
  return { id: apiKey.id, secret };
}

async function token(pool: Pool, kind: ServiceTokenKind): Promise<string> {
  const now = systemClock();
  const expiresAt = kind === 'gateway' ? undefined : new Date(now.getTime() + LONGEST_TOKEN_MS);
  const { secret } = await createServiceToken(pool, { kind, name: `demo ${kind}`, expiresAt, now });
  return secret;
}
