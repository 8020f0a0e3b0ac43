// The worker's part in payments: the clients of their activities, and what it takes up by itself.
import nodemailer from 'nodemailer';
import { createPaymentClients, type PaymentClients } from '../activities/payments/clients.ts';
import type { WorkerConfig } from './config.ts';
import { countCharges } from './counted-charges.ts';
import { erasedCustomers } from './erased-customers.ts';
import type { WorkerMetrics } from './metrics.ts';
import {
  notices,
  overdueCardSetups,
  overdueTopUps,
  pagesOfClosed,
  type WebhookResult,
  webhookEvents,
} from './payment-tasks.ts';
import type { SweepTask } from './sweeper.ts';

type Parts = Omit<
  Parameters<typeof createPaymentClients>[0],
  'secretKey' | 'apiBase' | 'deployment' | 'baseUrl'
>;

/** The clients that charge, settle and follow events. */
export function connectPayments(
  config: WorkerConfig,
  { metrics, ...parts }: Parts & { readonly metrics: WorkerMetrics },
): PaymentClients {
  const clients = createPaymentClients({
    ...parts,
    secretKey: config.STRIPE_SECRET_KEY,
    apiBase: config.STRIPE_API_BASE,
    deployment: config.COFFER_DEPLOYMENT,
    baseUrl: config.COFFER_BASE_URL,
  });
  return countCharges(clients, metrics);
}

/** What the sweeper takes up of payments. */
export function paymentSweeps(payments: PaymentClients, parts: Pick<Parts, 'temporal'>): SweepTask[] {
  return [overdueTopUps(payments, parts.temporal)];
}

/** What speaks to Stripe or sends mail, and so must not hold up a sweep. Without an SMTP server mail waits. */
export function paymentDrains(
  config: WorkerConfig,
  payments: PaymentClients,
  metrics: WorkerMetrics,
): SweepTask[] {
  const { pool, clock, baseUrl } = payments;
  const onResult = (result: WebhookResult) => metrics.webhookEvents.inc({ result });
  const drains = [
    webhookEvents(payments, onResult),
    overdueCardSetups(payments),
    pagesOfClosed(payments),
    erasedCustomers(payments),
  ];
  if (config.SMTP_URL === undefined) return drains;
  const mail = nodemailer.createTransport(config.SMTP_URL, {
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return [...drains, notices({ pool, clock, mail, from: config.MAIL_FROM, baseUrl })];
}
