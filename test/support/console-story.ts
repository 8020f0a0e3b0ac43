// A month in the life of an organization, so that every page has something to show: made by the routes that people use.
import { v7 as uuidv7 } from 'uuid';
import type { Pool } from '../../ledger/database.ts';
import { addMember, type MemberRole } from '../../ledger/members.ts';
import { type CallWorld, post, send, setRule, topUp } from './console-calls.ts';
import { createKey, createOrganization, createPerson, type TestPerson } from './people.ts';
import { TEST_MODEL } from './traffic.ts';

const DAY_MS = 86_400_000;
const MODELS = ['atlas-large', 'atlas-mini', 'scribe-2'];
const DOLLARS_PER_MILLION = [3n, 1n, 2n];

export interface Story {
  readonly slug: string;
  readonly accountId: string;
  readonly owner: TestPerson;
}

/** A story with everybody who is in it. */
export interface TeamStory extends Story {
  readonly organizationId: string;
  readonly admin: TestPerson;
  readonly member: TestPerson;
}

/** People with keys, 30 days of usage, top-ups of several people, a rule that refilled, an invitation, a token. */
export async function seedStory(world: CallWorld): Promise<TeamStory> {
  const { pool } = world.coffer;
  const began = new Date(Date.now() - 32 * DAY_MS);
  const person = (name: string) => createPerson(pool, name, began);
  const [owner, admin, member] = [
    await person('Mara Quill'),
    await person('Jonas Reed'),
    await person('Ines Tal'),
  ];
  const { organizationId, accountId } = await createOrganization(pool, owner.personId, 'Lumen', began);
  await join(pool, organizationId, admin, 'admin', began);
  await join(pool, organizationId, member, 'member', began);
  await priceModels(pool);
  await grant(pool, accountId, 25, 'Welcome credit', began);
  const keys: string[] = [];
  for (const [of, name] of [
    [owner, 'Support assistant'],
    [admin, 'Nightly summaries'],
    [member, 'Notebook'],
  ] as const)
    keys.push((await createKey(pool, { accountId, memberId: of.personId, name, now: began })).apiKeyId);
  await topUp(world, accountId, admin, '50.00');
  await topUp(world, accountId, member, '20.00');
  await useFor30Days(world, keys);
  await setRule(world, accountId, owner);
  const token = await world.tokenOf(owner);
  await post(world, token, `/v1/organizations/${organizationId}/invitations`, {
    email: 'tom@example.com',
    role: 'member',
  });
  await post(world, token, `/v1/organizations/${organizationId}/tokens`, {
    name: 'Monthly report',
    scopes: ['read'],
    expiresAt: new Date(Date.now() + 90 * DAY_MS).toISOString(),
  });
  await world.coffer.posted();
  return { slug: await slugOf(pool, organizationId), organizationId, accountId, owner, admin, member };
}

export interface Planted extends Story {
  readonly organizationId: string;
  /** Every text that somebody could choose, each with markup of its own in it. */
  readonly texts: Readonly<
    Record<'organization' | 'person' | 'key' | 'token' | 'reason' | 'model' | 'batch', string>
  >;
}

/** An organization in which every name is an attack on whoever looks at it. */
export async function seedPlanted(world: CallWorld): Promise<Planted> {
  const { pool } = world.coffer;
  const markup = (name: string) => `${name} <img src=x onerror=alert(1)> <script>alert(2)</script>`;
  const texts = {
    organization: markup('Org'),
    person: markup('Person'),
    key: markup('Key'),
    token: markup('Token'),
    reason: markup('Reason'),
    model: markup('Model'),
    batch: markup('Batch'),
  };
  const began = new Date(Date.now() - DAY_MS);
  const owner = await createPerson(pool, texts.person, began);
  const { organizationId, accountId } = await createOrganization(pool, owner.personId, 'Planted', began);
  const token = await world.tokenOf(owner);
  await send(world, token, 'PATCH', `/v1/organizations/${organizationId}`, { name: texts.organization });
  await insertPrice(pool, texts.model, 1n);
  await grant(pool, accountId, 20, texts.reason, began);
  const { id }: { id: string } = await post(world, token, `/v1/accounts/${accountId}/api-keys`, {
    name: texts.key,
  });
  await post(world, token, `/v1/organizations/${organizationId}/tokens`, {
    name: texts.token,
    scopes: ['read'],
    expiresAt: new Date(Date.now() + 90 * DAY_MS).toISOString(),
  });
  await use(world, [{ ...event(id, texts.model, new Date()), batchId: texts.batch }]);
  await world.coffer.posted();
  return { slug: await slugOf(pool, organizationId), organizationId, accountId, owner, texts };
}

async function join(
  pool: Pool,
  organizationId: string,
  { personId }: TestPerson,
  role: MemberRole,
  now: Date,
) {
  await addMember(pool, { organizationId, personId, role, now });
}

async function slugOf(pool: Pool, organizationId: string): Promise<string> {
  const { rows } = await pool.query<{ slug: string }>('select slug from auth.organizations where id = $1', [
    organizationId,
  ]);
  return rows[0]?.slug ?? '';
}

async function priceModels(pool: Pool): Promise<void> {
  for (const [at, model] of MODELS.entries()) await insertPrice(pool, model, DOLLARS_PER_MILLION[at] ?? 1n);
}

/** A price of so many dollars a million tokens in, four times as many out. */
async function insertPrice(pool: Pool, model: string, dollars: bigint): Promise<void> {
  const input = dollars * 1_000_000_000n;
  await pool.query(
    `insert into prices (model, effective_from, input, cached_input, cache_write, output,
       batch_input, batch_cached_input, batch_cache_write, batch_output, source, created_at)
     values ($1, '1970-01-01', $2, $2, $2, $3, $2, $2, $2, $3, 'test', '1970-01-01')`,
    [model, input, input * 4n],
  );
}

async function grant(
  pool: Pool,
  accountId: string,
  dollars: number,
  reason: string,
  at: Date,
): Promise<void> {
  await pool.query(
    `select store_command(gen_random_uuid(), $1, 'grant:' || gen_random_uuid(), 'grant', $2, $3, $4)`,
    [accountId, BigInt(dollars) * 1_000_000_000n, { reason }, at],
  );
}

function event(apiKeyId: string, model: string, at: Date) {
  const spread = at.getTime() % 977;
  return {
    id: uuidv7(),
    apiKeyId,
    model,
    inputTokens: 2_000 + spread * 40,
    outputTokens: 200 + spread,
    occurredAt: at.toISOString(),
  };
}

/** Some requests of every hour of the last 30 days, more of them lately, in turn by key and model. */
async function useFor30Days(world: CallWorld, keys: readonly string[]): Promise<void> {
  const events = Array.from({ length: 360 }, (_, at) => {
    const agoMs = ((360 - at) / 360) ** 2 * 30 * DAY_MS;
    return event(
      keys[(at * 7) % keys.length] ?? '',
      MODELS[(at * 5) % MODELS.length] ?? TEST_MODEL,
      new Date(Date.now() - agoMs),
    );
  });
  for (let from = 0; from < events.length; from += 120) await use(world, events.slice(from, from + 120));
}

async function use({ coffer }: CallWorld, events: readonly object[]): Promise<void> {
  const response = await fetch(`${coffer.url}/v1/usage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${coffer.gatewayToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(events),
  });
  const { results }: { results: { status: string }[] } = await response.json().then(Object);
  const wrong = results.find(({ status }) => status !== 'recorded');
  if (wrong !== undefined) throw new Error(`not recorded: ${JSON.stringify(wrong)}`);
}
