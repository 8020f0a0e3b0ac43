// The API's part in payments: what its routes, the webhook and the return page work with, made from its settings.
import { type RequestHandler, Router } from 'express';
import { Counter, type Registry } from 'prom-client';
import { createPaymentClients } from '../activities/payments/clients.ts';
import type { Clock } from '../ledger/clock.ts';
import type { Pool } from '../ledger/database.ts';
import { postNow, ringAccount, startTopUp, type TemporalClient } from '../workflows/client.ts';
import { billingCancelled } from './billing-cancelled.ts';
import { type BillingRecoveryOptions, showRecovery, startRecovery } from './billing-recovery.ts';
import { type BillingReturnOptions, billingReturn } from './billing-return.ts';
import type { ApiConfig } from './config.ts';
import type { Logger } from './logging.ts';
import { findPaymentOfCharge } from './payment-of-charge.ts';
import type { Route } from './route.ts';
import { type AutoTopUpSurroundings, autoTopUpRoutes } from './routes/auto-top-up.ts';
import { simulationRoutes } from './routes/auto-top-up-simulation.ts';
import { contributionRoutes } from './routes/contributions.ts';
import { operatorQuarantineRoutes } from './routes/operator-quarantine.ts';
import { type PaymentMethodSurroundings, paymentMethodRoutes } from './routes/payment-methods.ts';
import { recoveryRoutes } from './routes/recoveries.ts';
import { topUpRoutes } from './routes/top-ups.ts';
import { stripeWebhook } from './webhooks/stripe.ts';

export interface PaymentParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly temporal: TemporalClient;
  readonly log: Logger;
  readonly registry: Registry;
}

type Resolve = Pick<AutoTopUpSurroundings, 'resolvePrincipal' | 'pool' | 'limits'>;

/** Somebody looks at the page meanwhile, and the balance counts the credit already. */
const POST_NOW_MS = 2_500;

/** Makes the routes, the webhook and the pages of payments. */
export function createPayments(
  config: ApiConfig,
  { pool, clock, temporal, log, registry }: PaymentParts,
  people: Resolve,
) {
  const { stripe, deployment, baseUrl } = config;
  const payments = createPaymentClients({
    ...stripe,
    pool,
    clock,
    temporal,
    deployment,
    baseUrl,
    logger: log,
  });
  const surroundings: AutoTopUpSurroundings & PaymentMethodSurroundings = {
    ...people,
    payments,
    startTopUp(topUpId, accountId) {
      startTopUp(temporal, topUpId, accountId).catch((error: unknown) =>
        log.warn({ err: error, topUpId }, 'a top-up was not started: the sweeper takes it up'),
      );
    },
    ringForRule(accountId, requestId) {
      ringAccount(temporal, { accountId, reason: 'rule-changed', requestId }).catch((error: unknown) =>
        log.warn({ err: error, accountId, requestId }, 'a ring was not delivered: the sweeper repeats it'),
      );
    },
  };
  const pages: BillingReturnOptions & BillingRecoveryOptions = {
    ...surroundings,
    postNow: (accountId) => postNow(temporal, accountId, { withinMs: POST_NOW_MS }),
  };
  const routes: Route[] = [
    ...paymentMethodRoutes(surroundings),
    ...topUpRoutes(surroundings),
    ...contributionRoutes(surroundings),
    ...recoveryRoutes(surroundings),
    ...autoTopUpRoutes(surroundings),
    ...simulationRoutes({ ...surroundings, clock }),
    ...operatorQuarantineRoutes(surroundings),
  ];
  const deliveries = new Counter({
    name: 'coffer_webhook_deliveries_total',
    help: 'Deliveries of the webhook: stored to be followed up, ignored, had before, or not signed by Stripe',
    labelNames: ['result'],
    registers: [registry],
  });
  const webhook: RequestHandler = stripeWebhook({
    pool,
    clock,
    secrets: stripe.webhookSecrets,
    deployment,
    live: stripe.live,
    alert: (fields, message) => log.error(fields, message),
    onDelivery: (result) => deliveries.inc({ result }),
  });
  return {
    routes,
    webhook,
    billingPages: billingPages(pages),
    findPaymentOfCharge: (chargeId: string) => findPaymentOfCharge(payments, chargeId),
  };
}

/** The pages under `/billing`: where Stripe sends people back to, and where a mail sends a payer. */
function billingPages(options: BillingReturnOptions & BillingRecoveryOptions): RequestHandler {
  return Router()
    .get('/return', billingReturn(options))
    .get('/cancelled/:topUpId', billingCancelled(options))
    .get('/recover/:topUpId', showRecovery(options))
    .post('/recover/:topUpId', startRecovery(options));
}
