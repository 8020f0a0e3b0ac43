// Every API route of the sandbox. To come, each as a file beside these: refunds, disputes, billing portal,
// invoices made through the API, and the pages the CLI confirms.
import type { Route } from '../core/route.ts';
import { catalogueRoutes } from './catalogue.ts';
import { checkoutSessionRoutes } from './checkout-sessions.ts';
import { customerRoutes } from './customers.ts';
import { eventRoutes } from './events.ts';
import { invoiceRoutes } from './invoices.ts';
import { moneyRoutes } from './money.ts';
import { paymentIntentRoutes } from './payment-intents.ts';
import { paymentMethodRoutes } from './payment-methods.ts';
import { setupIntentRoutes } from './setup-intents.ts';

export const ROUTES: Route[] = [
  ...paymentIntentRoutes,
  ...customerRoutes,
  ...paymentMethodRoutes,
  ...checkoutSessionRoutes,
  ...setupIntentRoutes,
  ...moneyRoutes,
  ...eventRoutes,
  ...invoiceRoutes,
  ...catalogueRoutes,
];
