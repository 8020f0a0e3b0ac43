// The fields of the audit: what each is called, and whether its value is money, a moment, somebody or plain words.
import { nameWithin } from './told.ts';

/** A value as it is shown. */
export interface Shown {
  readonly form: 'text' | 'money' | 'moment';
  readonly text: string;
}

interface Field {
  readonly label: string;
  readonly form?: Shown['form'];
  /** What stands for no value, where that means something. */
  readonly nothing?: string;
  readonly words?: Readonly<Record<string, string>>;
}

const WORKS_UNTIL: Field = { label: 'Works until', form: 'moment', nothing: 'it is revoked' };

/** Field → how it is told. */
export const fields: Readonly<Record<string, Field>> = {
  role: { label: 'Role' },
  invitationId: { label: 'Invitation' },
  sends: { label: 'Times sent' },
  name: { label: 'Name' },
  slug: { label: 'Address' },
  state: { label: 'State', words: { enabled: 'on', suspended: 'paused' } },
  suspension: { label: 'Why' },
  balance: { label: 'Balance', form: 'money' },
  amount: { label: 'Amount', form: 'money' },
  threshold: { label: 'Threshold', form: 'money' },
  targetBalance: { label: 'Fills up to', form: 'money' },
  monthlyCap: { label: 'Monthly cap', form: 'money' },
  monthlyLimit: { label: 'Monthly limit', form: 'money', nothing: 'none' },
  sponsor: { label: 'Sponsor' },
  payer: { label: 'Paid by' },
  member: { label: 'Member' },
  card: { label: 'Card', words: { replaced: 'another one' } },
  mode: { label: 'How', words: { auto: 'auto top-up', manual: 'by hand' } },
  prefix: { label: 'Begins with' },
  kind: { label: 'Kind' },
  scopes: { label: 'May', words: { read: 'read', keys: 'manage keys' } },
  expiresAt: WORKS_UNTIL,
  rotatedAt: { label: 'New secret since', form: 'moment' },
  revokedAt: { label: 'Revoked', form: 'moment' },
  replacedSecretsEndAt: { label: 'The old secret works until', form: 'moment' },
};

/** What a field is called; one without words of its own by its name, `monthlyCap` as `Monthly cap`. */
export function labelOf(name: string): string {
  const known = fields[name]?.label;
  if (known !== undefined) return known;
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** A value of a field, undefined where there is nothing to show. Whatever looks like a moment is shown as one. */
export function shown(name: string, value: unknown): Shown | undefined {
  const { form = 'text', nothing, words = {} } = fields[name] ?? { label: name };
  if (value === undefined || value === null)
    return nothing === undefined || value === undefined ? undefined : { form: 'text', text: nothing };
  const person = nameWithin(value);
  if (person !== undefined) return { form: 'text', text: person };
  const parts = (Array.isArray(value) ? value : [value]).map(String);
  const text = parts.map((part) => words[part] ?? part).join(', ');
  return { form: MOMENT.test(text) ? 'moment' : form, text };
}
