// Operators: grants and adjustments, and the usage that was rejected or waits for a price.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import type { Clock } from '../../ledger/clock.ts';
import { type OperatorCommand, storeOperatorCommand } from '../../ledger/commands.ts';
import type { Pool } from '../../ledger/database.ts';
import { formatDollars, parseDollars } from '../../ledger/money.ts';
import { Refusal } from '../../ledger/refusal.ts';
import type { ServiceToken } from '../../ledger/service-tokens.ts';
import type { Principal } from '../principal.ts';
import { Problem } from '../problem.ts';
import { type Route, type RouteContext, type RouteSurroundings, route } from '../route.ts';
import { accountParams, amount, timestamp } from '../schemas.ts';

export interface OperatorSurroundings extends RouteSurroundings {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Rings the account's actor because a command was stored; never throws, never waits. */
  readonly ringForCommand: (accountId: string, commandKey: string, requestId: string) => void;
  /** The PaymentIntent of a charge, as Stripe knows it; undefined when there is none. Throws `payments-unavailable`. */
  readonly findPaymentOfCharge: (chargeId: string) => Promise<string | undefined>;
}

/** Why an operator does something. */
export const reason = z
  .string()
  .trim()
  .min(1, 'Say why: members read it.')
  .max(500, 'A reason has at most 500 characters.')
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'A reason is well-formed text without NUL.');

const request = z
  .strictObject({
    amount: z.string().describe('Dollars as a decimal string; an adjustment may be negative.'),
    reason: reason.describe('Members read it in their history.'),
  })
  .meta({ id: 'CreditRequest' });

const stored = z
  .strictObject({
    id: z.uuid(),
    accountId: z.uuid(),
    type: z.enum(['grant', 'adjustment']),
    amount,
    reason: z.string(),
    storedAt: timestamp.describe('From this moment it counts in the balance.'),
  })
  .meta({ id: 'StoredCredit' });

type Handled = RouteContext<z.output<typeof accountParams>, unknown, z.output<typeof request>>;

/** `POST /v1/operator/accounts/{accountId}/grants` and `…/adjustments`. */
export function operatorRoutes(surroundings: OperatorSurroundings): Route[] {
  return [
    creditRoute(surroundings, 'grant', 'Give credit that nobody paid'),
    creditRoute(surroundings, 'adjustment', 'Correct a balance, up or down'),
  ];
}

function creditRoute(
  surroundings: OperatorSurroundings,
  type: OperatorCommand['type'],
  summary: string,
): Route {
  return route(surroundings, {
    method: 'post',
    path: `/v1/operator/accounts/{accountId}/${type}s`,
    summary,
    description:
      'It counts in the balance at once; the entry follows. Needs an operator token with the scope `money`.',
    tag: 'Operators',
    caller: 'operator',
    scope: 'money',
    idempotent: 'required',
    params: accountParams,
    body: request,
    answers: { 201: { description: 'The credit as it was stored', schema: stored } },
    problems: [
      'account-not-found',
      'account-closed',
      'amount-malformed',
      'amount-out-of-range',
      'idempotency-key-reused',
    ],
    async handle(context) {
      return { status: 201, body: await storeCredit(surroundings, type, context) };
    },
  });
}

async function storeCredit(
  { pool, clock, ringForCommand }: OperatorSurroundings,
  type: OperatorCommand['type'],
  { principal, actor, params, body, requestId, request }: Handled,
): Promise<z.input<typeof stored>> {
  const token = operatorToken(principal);
  const { accountId } = params;
  if (!isUuid(accountId)) throw new Problem('account-not-found');
  const amountNanos = parseDollars(body.amount);
  if (amountNanos === 0n || (type === 'grant' && amountNanos < 0n)) {
    throw new Refusal(
      'amount-out-of-range',
      type === 'grant' ? 'A grant is more than zero.' : 'An adjustment is not zero.',
    );
  }
  const key = `${type}:${token.id}:${idempotencyKey(request.get('idempotency-key'))}`;
  const command = { accountId, key, type, amount: amountNanos, reason: body.reason, operator: token.name };
  const { id, storedAt, isNew } = await storeOperatorCommand(pool, actor, command, clock());
  if (isNew) ringForCommand(accountId, key, requestId);
  return {
    id,
    accountId,
    type,
    amount: formatDollars(amountNanos),
    reason: body.reason,
    storedAt: storedAt.toISOString(),
  };
}

/** The operator's token: the route admits nothing else. */
export function operatorToken(principal: Principal): ServiceToken {
  if (principal.kind === 'operator') return principal.token;
  throw new Error('a route of operators was called by somebody else');
}

/** The key of a write that must have one. Throws `request-invalid` without it. */
export function idempotencyKey(header: string | undefined): string {
  if (header !== undefined && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  const detail =
    'Send an Idempotency-Key of 1 to 255 printable ASCII characters, a new one for each new wish.';
  throw new Problem('request-invalid', detail, { errors: [{ pointer: '/header/idempotency-key', detail }] });
}

/** An account's id in a query. */
export const accountIdFilter = z.string().refine(isUuid, 'An account has a UUID.').optional();
