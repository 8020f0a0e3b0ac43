// The filters of the audit as they stand in the address.

export interface AuditSearch {
  from?: string;
  to?: string;
  action?: string;
  actorId?: string;
  subjectId?: string;
}

/** Reads the filters out of an address. */
export function readAuditSearch(search: Record<string, unknown>): AuditSearch {
  const read: AuditSearch = {};
  for (const name of ['from', 'to', 'action', 'actorId', 'subjectId'] as const) {
    const value = search[name];
    if (typeof value === 'string' && value !== '') read[name] = value;
  }
  return read;
}

export const auditKinds = [
  { value: 'member.', label: 'Members' },
  { value: 'invitation.', label: 'Invitations' },
  { value: 'api-key.', label: 'API keys' },
  { value: 'token.', label: 'Tokens' },
  { value: 'auto-top-up.', label: 'Auto top-up' },
  { value: 'credit.', label: 'Credit' },
  { value: 'organization.', label: 'Organization' },
  { value: 'account.', label: 'Account' },
];
