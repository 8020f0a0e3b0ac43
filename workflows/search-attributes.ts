// The search attributes of Coffer's workflows, by which operators find them.
import { defineSearchAttributeKey } from '@temporalio/common';

export const accountIdAttribute = defineSearchAttributeKey('AccountId', 'KEYWORD');
export const organizationIdAttribute = defineSearchAttributeKey('OrganizationId', 'KEYWORD');
export const accountStateAttribute = defineSearchAttributeKey('AccountState', 'KEYWORD');
