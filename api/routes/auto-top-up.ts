// The rule of auto top-up: read by members, set by owners and admins with a card of their own, raised only by its sponsor.
import { z } from 'zod';
import type { Connection } from '../../ledger/database.ts';
import { formatDollars, type Nanos } from '../../ledger/money.ts';
import {
  findCardUse,
  findRule,
  previewRule,
  type Rule,
  type RuleTerms,
  removeRule,
  setRule,
  withRuleLocked,
} from '../../ledger/payments/rules.ts';
import { requirePerson, rolesWith } from '../access.ts';
import type { Principal } from '../principal.ts';
import { Problem } from '../problem.ts';
import { accountRoute, type Route } from '../route.ts';
import { readTerms, ruleTerms } from '../rule-terms.ts';
import { accountParams, amount, named, timestamp } from '../schemas.ts';
import type { TopUpSurroundings } from './top-ups.ts';

const ruleRequest = z
  .strictObject({
    ...ruleTerms.shape,
    paymentMethodId: z
      .string()
      .max(255)
      .optional()
      .describe('A saved card of yours; without it the card stays.'),
  })
  .meta({ id: 'AutoTopUpRequest' });

const rule = z
  .strictObject({
    threshold: amount,
    amount: amount.nullable(),
    targetBalance: amount.nullable(),
    monthlyCap: amount,
    state: z.enum(['enabled', 'paused']),
    sponsor: named,
    paymentMethodId: z.string().nullable().describe('Only its sponsor sees it.'),
    takenThisMonth: amount,
    topUpInFlight: z.uuid().nullable(),
    lastDecision: z.strictObject({ decision: z.string(), reason: z.string() }).nullable(),
    nextEvaluationAt: timestamp.nullable(),
    chargesNow: amount
      .nullable()
      .describe('What is charged at once, because the balance is below the threshold.'),
  })
  .meta({ id: 'AutoTopUp' });

export interface AutoTopUpSurroundings extends TopUpSurroundings {
  /** Has the account's actor evaluate the rule. Must not throw: the sweeper rings again. */
  readonly ringForRule: (accountId: string, requestId: string) => void;
}

const PROBLEMS = [
  'account-not-found',
  'forbidden',
  'amount-malformed',
  'amount-not-in-cents',
  'amount-out-of-range',
  'auto-top-up-invalid',
  'payment-method-unknown',
  'card-not-usable',
  'payment-under-review',
] as const;

const RIGHT = 'manage-auto-top-up';
const STEWARDS = rolesWith(RIGHT);
const ONLY_SPONSOR_RAISES = 'with a card of their own, or to lower what the sponsor’s card may be charged';

/** `GET`, `PUT` and `DELETE /v1/accounts/{accountId}/auto-top-up`. */
export function autoTopUpRoutes(surroundings: AutoTopUpSurroundings): Route[] {
  return [showRoute(surroundings), putRoute(surroundings), deleteRoute(surroundings)];
}

function showRoute(surroundings: AutoTopUpSurroundings): Route {
  const { pool, clock } = surroundings.payments;
  return accountRoute(surroundings, {
    method: 'get',
    path: '/v1/accounts/{accountId}/auto-top-up',
    summary: 'The rule of auto top-up',
    tag: 'Auto top-up',
    right: 'read',
    params: accountParams,
    answers: { 200: { description: 'The rule', schema: rule } },
    problems: ['account-not-found', 'not-found'],
    async handle({ principal, access }) {
      const { accountId } = access;
      const found = await findRule(pool, accountId, clock());
      if (found === undefined) throw new Problem('not-found', 'Auto top-up is not set up here.');
      return { status: 200, body: shown(found, principal, null) };
    },
  });
}

function putRoute(surroundings: AutoTopUpSurroundings): Route {
  const { payments, ringForRule } = surroundings;
  const { pool, clock } = payments;
  return accountRoute(surroundings, {
    method: 'put',
    path: '/v1/accounts/{accountId}/auto-top-up',
    summary: 'Set, change or resume auto top-up',
    description:
      'With a card of yours you become its sponsor. Below the threshold it charges at once: `?preview=true` says what, and changes nothing.',
    tag: 'Auto top-up',
    right: RIGHT,
    narrows: { owner: ONLY_SPONSOR_RAISES, admin: ONLY_SPONSOR_RAISES },
    params: accountParams,
    query: z.strictObject({ preview: z.enum(['true', 'false']).default('false') }),
    body: ruleRequest,
    answers: { 200: { description: 'The rule', schema: rule } },
    problems: PROBLEMS,
    async handle({ principal, actor, query, body, access, requestId }) {
      const { personId } = requirePerson(principal);
      const { accountId } = access;
      const now = clock();
      const { paymentMethodId, ...given } = body;
      const terms = readTerms(given);
      const isPreview = query.preview === 'true';
      const change = { accountId, personId, terms, paymentMethodId };
      const answer = await withRuleLocked(
        pool,
        { accountId, stewards: STEWARDS, actor, now },
        async (connection) => {
          const result = await changeRule(connection, change, now);
          if (isPreview) await connection.query('rollback');
          return result;
        },
      );
      if (!isPreview) ringForRule(accountId, requestId);
      return { status: 200, body: shown(answer.rule, principal, answer.chargesNow) };
    },
  });
}

function deleteRoute(surroundings: AutoTopUpSurroundings): Route {
  const { payments, ringForRule } = surroundings;
  const { pool, clock } = payments;
  return accountRoute(surroundings, {
    method: 'delete',
    path: '/v1/accounts/{accountId}/auto-top-up',
    summary: 'Switch auto top-up off',
    description: 'A charge that was already sent still adds its credit.',
    tag: 'Auto top-up',
    right: RIGHT,
    params: accountParams,
    answers: { 204: { description: 'It is off' } },
    problems: ['account-not-found', 'forbidden'],
    async handle({ actor, access, requestId }) {
      const { accountId } = access;
      await removeRule(pool, { accountId, stewards: STEWARDS, actor, now: clock() });
      ringForRule(accountId, requestId);
      return { status: 204 };
    },
  });
}

interface Change {
  readonly accountId: string;
  readonly personId: string;
  readonly terms: RuleTerms;
  readonly paymentMethodId: string | undefined;
}

async function changeRule(
  connection: Connection,
  { accountId, personId, terms, paymentMethodId }: Change,
  now: Date,
): Promise<{ rule: Rule; chargesNow: Nanos | null }> {
  const before = await findRule(connection, accountId, now);
  const isSponsor = before?.sponsor.id === personId;
  const card = paymentMethodId ?? before?.paymentMethodId;
  if (card === undefined || before === undefined || isSponsor || paymentMethodId !== undefined) {
    if (card === undefined)
      throw new Problem('payment-method-unknown', 'Name a saved card: paymentMethodId.');
    await requireUsableCard(connection, card, personId, now);
    await setRule(
      connection,
      { ...terms, accountId, sponsorId: personId, paymentMethodId: card, resume: true },
      now,
    );
  } else {
    if (isRaised(before, terms)) {
      throw new Problem(
        'forbidden',
        'Only the sponsor may raise this, because it is their card. You may lower it, switch it off, or use a card of your own.',
      );
    }
    const sponsorId = before.sponsor.id;
    await setRule(connection, { ...terms, accountId, sponsorId, paymentMethodId: card, resume: false }, now);
  }
  const [rule, preview] = [
    await findRule(connection, accountId, now),
    await previewRule(connection, accountId, now),
  ];
  if (rule === undefined) throw new Error(`the rule of ${accountId} was not stored`);
  return { rule, chargesNow: preview?.amount ?? null };
}

async function requireUsableCard(
  connection: Connection,
  paymentMethodId: string,
  personId: string,
  now: Date,
): Promise<void> {
  const use = await findCardUse(connection, { paymentMethodId, personId }, now);
  if (use === 'not-theirs') throw new Problem('payment-method-unknown', 'You have no such saved card.');
  if (use === 'suspended')
    throw new Problem('card-not-usable', 'This card was declined for good. Save another one.');
}

/** Whether new terms could take more from the sponsor's card, or earlier. */
function isRaised(before: RuleTerms, after: RuleTerms): boolean {
  const isMore = (old: Nanos | null, now: Nanos | null) => now !== null && (old === null || now > old);
  return (
    after.threshold > before.threshold ||
    after.monthlyCap > before.monthlyCap ||
    isMore(before.amount, after.amount) ||
    isMore(before.targetBalance, after.targetBalance)
  );
}

function shown(found: Rule, principal: Principal, chargesNow: Nanos | null): z.input<typeof rule> {
  const isSponsor = principal.kind === 'person' && principal.personId === found.sponsor.id;
  const printed = (value: Nanos | null) => (value === null ? null : formatDollars(value));
  const isSuspended = found.state === 'suspended';
  const decision = isSuspended ? 'paused' : found.decision;
  // how a card fared is its owner's alone to know; that its owner may no longer sponsor is nothing of the card
  const isPrivate =
    (isSuspended && found.suspension !== 'sponsor-left') || found.reason === 'declined-lately';
  const known = isSuspended ? found.suspension : found.reason;
  const reason = isPrivate && !isSponsor ? 'paused' : known;
  return {
    threshold: formatDollars(found.threshold),
    amount: printed(found.amount),
    targetBalance: printed(found.targetBalance),
    monthlyCap: formatDollars(found.monthlyCap),
    state: isSuspended ? 'paused' : 'enabled',
    sponsor: found.sponsor,
    paymentMethodId: isSponsor ? found.paymentMethodId : null,
    takenThisMonth: formatDollars(found.takenThisMonth),
    topUpInFlight: found.topUpInFlight,
    lastDecision: decision === null || reason === null ? null : { decision, reason },
    nextEvaluationAt: found.nextEvaluationAt?.toISOString() ?? null,
    chargesNow: printed(chargesNow),
  };
}
