// What an account's state means to the people who share it: a word, a colour, and a sentence that helps.
import type { SchemaAccount } from '../api/schema.d.ts';

interface ShownState {
  readonly badge?: string;
  readonly color: string;
  readonly says: string;
}

export const accountStates: Record<SchemaAccount['state'], ShownState> = {
  ok: { color: 'brand', says: 'Requests are paid from it as they happen.' },
  low: {
    badge: 'Low',
    color: 'yellow',
    says: 'It is below the threshold of auto top-up. Any member can add credit.',
  },
  topping_up: {
    badge: 'Topping up',
    color: 'blue',
    says: 'A top-up is under way; the balance moves by itself.',
  },
  overdrawn: {
    badge: 'Overdrawn',
    color: 'red',
    says: 'More was used than was paid in, so new requests may be refused. Any member can add credit; it repays this first.',
  },
  frozen: {
    badge: 'Frozen',
    color: 'red',
    says: 'The operator has frozen this account: no new requests and no new charges until it is opened again. Ask support.',
  },
  closed: { badge: 'Closed', color: 'gray', says: 'This account is closed: it pays for nothing any more.' },
};
