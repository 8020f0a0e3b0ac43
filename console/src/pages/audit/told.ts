// What a line of the audit tells, ready for a sentence: names, amounts and roles instead of fields.
import type { SchemaAuditLine } from '../../api/schema.d.ts';
import { formatMoney, isNegative } from '../../money.ts';

export interface Told {
  /** The name of what the line is about, or these words where it has none. */
  name(otherwise: string): string;
  /** A field as text, of after the change; empty where there is none. */
  after(field: string): string;
  before(field: string): string;
  /** Whether the line has a field at all. */
  has(field: string): boolean;
  /** An amount without its sign, and whether it was below zero. */
  money(field: string): string;
  isNegative(field: string): boolean;
  /** Whom a field names. */
  person(when: 'before' | 'after', field: string): string;
}

/** Reads a line. */
export function toldBy({ subject, before, after }: SchemaAuditLine): Told {
  const amount = (field: string) => text(after?.[field]);
  return {
    name: (otherwise) => subject.name ?? otherwise,
    after: (field) => text(after?.[field]),
    before: (field) => text(before?.[field]),
    has: (field) => text(after?.[field] ?? before?.[field]) !== '',
    money: (field) => formatMoney(amount(field).replace(/^-/, ''), { exact: true }),
    isNegative: (field) => isNegative(amount(field)),
    person: (when, field) => personName((when === 'before' ? before : after)?.[field]),
  };
}

/** The name of somebody as the API writes people, `{ id, name }`; undefined for what is nobody. */
export function nameWithin(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('name' in value)) return undefined;
  return typeof value.name === 'string' ? value.name : 'a former member';
}

const personName = (value: unknown) => nameWithin(value) ?? 'a former member';

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return Array.isArray(value) ? value.map(String).join(', ') : String(value);
}
