// Provocations: how the answers come about that neither the caller nor the form of a request explains.
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Caller } from '../../../dev/access/callers.ts';
import type { Asked } from './ask.ts';
import { cardOf, type Things } from './things.ts';
import { callerOf, type World } from './world.ts';

/** The place of a provocation: a world of its own, and what its caller would name. */
export interface Stage {
  readonly pool: Pool;
  readonly world: World;
  readonly own: Things;
  readonly personId: string;
}

export interface Provocation {
  readonly routes: readonly string[];
  readonly status: number;
  /** Who asks, when it is not the first who may. */
  readonly as?: Caller;
  /** What has happened before. */
  readonly before?: (stage: Stage) => Promise<unknown>;
  /** What is asked instead of what the line says. */
  readonly spoil?: (asked: Asked, stage: Stage) => Asked;
}

const ORGANIZATION = '/v1/organizations/{organizationId}';
const INVITATION = `${ORGANIZATION}/invitations/{invitationId}`;
const MEMBER = `${ORGANIZATION}/members/{memberId}`;
const ACCOUNT = '/v1/accounts/{accountId}';
const KEY = `${ACCOUNT}/api-keys/{apiKeyId}`;
const OPERATOR = '/v1/operator/accounts/{accountId}';

const withBody =
  (change: (stage: Stage) => object) =>
  (asked: Asked, stage: Stage): Asked => ({
    ...asked,
    options: { ...asked.options, body: { ...Object(asked.options.body), ...change(stage) } },
  });

/** The caller is the only owner left. */
const lastOwner = ({ pool, own, personId }: Stage) =>
  pool.query(
    `update auth.members set role = 'admin' where organization_id = $1 and role = 'owner' and person_id <> $2`,
    [own.organizationId, personId],
  );

const oneself = (asked: Asked, { own, personId }: Stage): Asked => ({
  ...asked,
  address: asked.address.replace(own.memberId, personId),
});

/** As it looks to a request that was let in just before. */
const closed = async ({ pool, own }: Stage) => {
  await pool.query(`update account_balances set state = 'closed' where account_id = $1`, [own.accountId]);
  await pool.query('update auth.organizations set closed_at = $2 where id = $1', [
    own.organizationId,
    new Date(),
  ]);
};

const answered =
  (status: string, id: (own: Things) => string) =>
  ({ pool, own }: Stage) =>
    pool.query('update auth.invitations set status = $2, ended_at = $3 where id = $1', [
      id(own),
      status,
      new Date(),
    ]);

export const provocations: readonly Provocation[] = [
  {
    routes: ['PUT /v1/me/active-organization'],
    status: 404,
    spoil: withBody(({ world }) => ({ organizationId: world.nothing.organizationId })),
  },
  {
    routes: [`POST ${ORGANIZATION}/leave`, 'POST /v1/me/erasure'],
    status: 409,
    as: 'owner',
    before: lastOwner,
  },
  {
    routes: [`PATCH ${MEMBER}`],
    status: 409,
    as: 'owner',
    before: lastOwner,
    spoil: (asked, stage) => withBody(() => ({ role: 'member' }))(oneself(asked, stage), stage),
  },
  { routes: [`DELETE ${MEMBER}`], status: 409, as: 'owner', before: lastOwner, spoil: oneself },
  {
    routes: [`DELETE ${MEMBER}`],
    status: 422,
    spoil: (asked) => ({ ...asked, address: `${asked.address}?handOver=${randomUUID()}:${randomUUID()}` }),
  },
  {
    routes: ['POST /v1/operator/people/{personId}/erasure'],
    status: 409,
    // the only owner of another organization
    spoil: (asked, { own, world }) => ({
      ...asked,
      address: asked.address.replace(own.personId, world.foreign.memberId),
    }),
  },
  {
    routes: ['POST /v1/organizations', `PATCH ${ORGANIZATION}`],
    status: 409,
    spoil: withBody(({ world }) => ({ slug: world.foreign.slug })),
  },
  {
    routes: [`POST ${ORGANIZATION}/invitations`],
    status: 409,
    spoil: withBody(({ world }) => ({ email: callerOf(world, 'owner').person?.email })),
  },
  {
    routes: [`POST ${INVITATION}/resend`, `DELETE ${INVITATION}`],
    status: 409,
    before: answered('accepted', ({ invitationId }) => invitationId),
  },
  {
    routes: [
      'POST /v1/invitations/{secret}/accept',
      'POST /v1/invitations/{secret}/decline',
      'POST /v1/me/invitations/{invitationId}/accept',
      'POST /v1/me/invitations/{invitationId}/decline',
    ],
    status: 409,
    before: answered('revoked', ({ receivedId }) => receivedId),
  },
  {
    routes: [
      `POST ${ACCOUNT}/api-keys`,
      `POST ${ORGANIZATION}/tokens`,
      `POST ${ACCOUNT}/top-ups`,
      `POST ${OPERATOR}/freeze`,
      `POST ${OPERATOR}/unfreeze`,
      `POST ${OPERATOR}/grants`,
      `POST ${OPERATOR}/adjustments`,
    ],
    status: 409,
    before: closed,
  },
  {
    routes: [`PATCH ${KEY}`, `POST ${KEY}/rotate`, `POST ${KEY}/hand-over`],
    status: 409,
    before: ({ pool, own, personId }) =>
      pool.query('update api_keys set revoked_at = $2, revoked_by = $3 where id = $1', [
        own.apiKeyId,
        new Date(),
        personId,
      ]),
  },
  {
    routes: [`PUT ${ACCOUNT}/auto-top-up`],
    status: 409,
    before: ({ pool, personId }) =>
      pool.query(`insert into card_suspensions (fingerprint, reason, suspended_at) values ($1, 'hard', $2)`, [
        cardOf(personId),
        new Date(),
      ]),
  },
  {
    routes: [`PUT ${ACCOUNT}/auto-top-up`],
    status: 422,
    spoil: withBody(({ world }) => ({ paymentMethodId: cardOf(world.nothing.personId) })),
  },
  {
    routes: ['POST /v1/operator/quarantine/{paymentId}/resolve'],
    status: 409,
    before: ({ pool, own }) =>
      pool.query(
        `update quarantined_payments set resolution = 'credited', resolution_reason = 'x', resolved_by = 'x', resolved_at = $2
         where payment_intent_id = $1`,
        [own.paymentId, new Date()],
      ),
  },
  {
    routes: ['POST /v1/operator/prices'],
    status: 409,
    before: ({ pool }) =>
      pool.query(
        `insert into prices (model, effective_from, input, cached_input, cache_write, output,
           batch_input, batch_cached_input, batch_cache_write, batch_output, source, created_at)
         values ('another-model', '1970-01-01', 1, 1, 1, 1, 1, 1, 1, 1, 'test', '1970-01-01')`,
      ),
    spoil: (asked) => ({
      ...asked,
      address: `${asked.address}?effectiveFrom=${new Date().toISOString()}`,
      options: {
        ...asked.options,
        body: { 'another-model': { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6, mode: 'chat' } },
      },
    }),
  },
  {
    routes: ['GET /problems/{code}'],
    status: 404,
    spoil: (asked) => ({ ...asked, address: '/problems/none' }),
  },
];
