// All routes that Express serves, in the order of the OpenAPI document.
import type { Route } from './route.ts';
import { type AccountSurroundings, accountRoutes } from './routes/accounts.ts';
import { answerRoutes } from './routes/answers.ts';
import { apiKeyChangeRoutes } from './routes/api-key-changes.ts';
import { type ApiKeySurroundings, apiKeyRoutes } from './routes/api-keys.ts';
import { auditRoutes, operatorAuditRoutes } from './routes/audit.ts';
import { erasureRoutes, operatorErasureRoutes } from './routes/erasure.ts';
import { type EventSurroundings, eventRoutes } from './routes/events.ts';
import { invitationRoutes } from './routes/invitations.ts';
import { meRoutes } from './routes/me.ts';
import { memberRoutes } from './routes/members.ts';
import { type OperatorSurroundings, operatorRoutes } from './routes/operator.ts';
import { operatorAccountRoutes } from './routes/operator-accounts.ts';
import { operatorChargeLimitRoutes } from './routes/operator-charge-limit.ts';
import { operatorPriceRoutes } from './routes/operator-prices.ts';
import { operatorSearchRoutes } from './routes/operator-search.ts';
import { operatorUsageRoutes } from './routes/operator-usage.ts';
import { operatorVerifyRoutes, type VerifySurroundings } from './routes/operator-verify.ts';
import { organizationTokenRoutes } from './routes/organization-tokens.ts';
import { organizationRoutes } from './routes/organizations.ts';
import { priceRoutes } from './routes/prices.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { statementRoutes } from './routes/statement.ts';
import { transactionRoutes } from './routes/transactions.ts';
import { usageSumRoutes } from './routes/usage-sums.ts';

export type ApiSurroundings = AccountSurroundings &
  ApiKeySurroundings &
  EventSurroundings &
  OperatorSurroundings &
  VerifySurroundings;

/** Every declared route. */
export function allRoutes(surroundings: ApiSurroundings): Route[] {
  return [
    ...meRoutes(surroundings),
    ...erasureRoutes(surroundings),
    ...sessionRoutes(surroundings),
    ...organizationRoutes(surroundings),
    ...memberRoutes(surroundings),
    ...invitationRoutes(surroundings),
    ...answerRoutes(surroundings),
    ...accountRoutes(surroundings),
    ...transactionRoutes(surroundings),
    ...statementRoutes(surroundings),
    ...usageSumRoutes(surroundings),
    ...auditRoutes(surroundings),
    ...eventRoutes(surroundings),
    ...apiKeyRoutes(surroundings),
    ...apiKeyChangeRoutes(surroundings),
    ...organizationTokenRoutes(surroundings),
    ...priceRoutes(surroundings),
    ...operatorSearchRoutes(surroundings),
    ...operatorAccountRoutes(surroundings),
    ...operatorRoutes(surroundings),
    ...operatorChargeLimitRoutes(surroundings),
    ...operatorPriceRoutes(surroundings),
    ...operatorErasureRoutes(surroundings),
    ...operatorAuditRoutes(surroundings),
    ...operatorUsageRoutes(surroundings),
    ...operatorVerifyRoutes(surroundings),
  ];
}
