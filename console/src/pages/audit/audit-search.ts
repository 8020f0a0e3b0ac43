// The filters of the audit as they stand in the address: what is none of them is dropped.
import { isDay, plusDays } from '../../parts/days.ts';
import { isId, isWord, textOf } from '../../parts/search.ts';

export interface AuditSearch {
  from?: string;
  /** The last day that is shown. */
  to?: string;
  action?: string;
  actorId?: string;
  subjectId?: string;
}

const LOOKS_RIGHT: Readonly<Record<keyof AuditSearch, (text: string) => boolean>> = {
  from: isDay,
  to: isDay,
  action: (text) => /^[a-z-]{1,50}\.([a-z-]{1,50})?$/.test(text),
  actorId: isId,
  subjectId: isWord,
};

/** Reads the filters out of an address. */
export function readAuditSearch(search: Record<string, unknown>): AuditSearch {
  const read: AuditSearch = {};
  for (const name of ['from', 'to', 'action', 'actorId', 'subjectId'] as const) {
    const text = textOf(search[name]);
    if (LOOKS_RIGHT[name](text)) read[name] = text;
  }
  return read;
}

/** The filters as the API takes them. */
export function auditFilterOf({ to, ...filters }: AuditSearch): AuditSearch {
  return { ...filters, ...(to !== undefined && { to: plusDays(to, 1) }) };
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
