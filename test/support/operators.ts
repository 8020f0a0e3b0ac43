// Operators for tests: tokens by name and scope.
import type { Pool } from '../../ledger/database.ts';
import { createServiceToken, type ServiceTokenScope } from '../../ledger/service-tokens.ts';

const MONTH_MS = 30 * 86_400_000;

/** The secret of a new operator token. */
export async function createOperator(
  pool: Pool,
  name: string,
  scopes: readonly ServiceTokenScope[] = ['read', 'money', 'prices'],
): Promise<string> {
  const now = new Date();
  const expiresAt = new Date(now.getTime() + MONTH_MS);
  const { secret } = await createServiceToken(pool, { kind: 'operator', name, scopes, expiresAt, now });
  return secret;
}
