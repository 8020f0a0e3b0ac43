// All routes that Express serves, in the order of the OpenAPI document.
import type { Route } from './route.ts';
import { type AccountSurroundings, accountRoutes } from './routes/accounts.ts';
import { type ApiKeySurroundings, apiKeyRoutes } from './routes/api-keys.ts';
import { meRoutes } from './routes/me.ts';

export type ApiSurroundings = AccountSurroundings & ApiKeySurroundings;

/** Every declared route. */
export function allRoutes(surroundings: ApiSurroundings): Route[] {
  return [...meRoutes(surroundings), ...accountRoutes(surroundings), ...apiKeyRoutes(surroundings)];
}
