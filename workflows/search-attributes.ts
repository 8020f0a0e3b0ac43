// The search attributes of Coffer's workflows, by which operators find them.
import { defineSearchAttributeKey } from '@temporalio/common';

const accountIdAttribute = defineSearchAttributeKey('AccountId', 'KEYWORD');
const organizationIdAttribute = defineSearchAttributeKey('OrganizationId', 'KEYWORD');
export const accountStateAttribute = defineSearchAttributeKey('AccountState', 'KEYWORD');

/** By whose account operators find a workflow. */
export function ownership(accountId: string, organizationId: string | null) {
  const pairs = [{ key: accountIdAttribute, value: accountId }];
  if (organizationId !== null) pairs.push({ key: organizationIdAttribute, value: organizationId });
  return pairs;
}
