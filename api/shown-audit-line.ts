// Audit lines as the API shows them: amounts in dollars, people with their names of that time; in JSON and in CSV.
import { z } from 'zod';
import { formatDollars, nanosFromString } from '../ledger/money.ts';
import type { AuditedFields, AuditLine } from '../ledger/reading/audit.ts';
import { namesPerson } from '../ledger/reading/audit-names.ts';
import { type CsvCell, textCell } from './csv.ts';
import { timestamp } from './schemas.ts';

const changed = z
  .record(z.string(), z.unknown())
  .nullable()
  .describe('The fields that changed; amounts in dollars, people as id and name.');

export const auditLine = z
  .strictObject({
    id: z.uuid(),
    at: timestamp,
    actor: z
      .strictObject({
        kind: z.enum(['person', 'operator', 'organization', 'system']),
        id: z.uuid().nullable(),
        name: z.string().nullable(),
      })
      .describe('A person, the token of an operator or of a program of the organization, or the system.'),
    action: z.string().describe('Such as `member.joined`, `auto-top-up.changed`, `credit.grant`.'),
    subject: z.strictObject({ kind: z.string(), id: z.string(), name: z.string().nullable() }),
    before: changed,
    after: changed,
    reason: z.string().nullable(),
    address: z
      .string()
      .nullable()
      .describe(
        'Where a person or a program of the organization called from; an operator’s only for operators.',
      ),
    requestId: z.string().nullable(),
  })
  .meta({ id: 'AuditLine' });

/** Who reads: members of the organization, or the operators of the deployment. */
export type AuditReader = 'members' | 'operators';

/** A line as JSON. Where operators call from is their own affair. */
export function shownAuditLine(line: AuditLine, reader: AuditReader): z.input<typeof auditLine> {
  const isOwn = line.actor.kind === 'person' || line.actor.kind === 'organization';
  return {
    id: line.id,
    at: line.at.toISOString(),
    actor: line.actor,
    action: line.action,
    subject: line.subject,
    before: shownFields(line.before, line),
    after: shownFields(line.after, line),
    reason: line.reason,
    address: reader === 'operators' || isOwn ? line.address : null,
    requestId: line.requestId,
  };
}

/** Fields that are amounts, everywhere in the audit. */
const AMOUNTS = ['amount', 'threshold', 'targetBalance', 'monthlyCap', 'balance', 'monthlyLimit'];

function shownFields(fields: AuditedFields | null, { people }: AuditLine): Record<string, unknown> | null {
  if (fields === null) return null;
  return Object.fromEntries(
    Object.entries(fields).map(([field, value]) => {
      if (AMOUNTS.includes(field) && typeof value === 'string')
        return [field, formatDollars(nanosFromString(value))];
      if (namesPerson(field) && typeof value === 'string')
        return [field.replace(/Id$/, ''), people.get(value) ?? { id: value, name: null }];
      return [field, value];
    }),
  );
}

export const AUDIT_COLUMNS = [
  'id',
  'at',
  'actorKind',
  'actorId',
  'actorName',
  'action',
  'subjectKind',
  'subjectId',
  'subjectName',
  'before',
  'after',
  'reason',
  'address',
  'requestId',
] as const;

/** A line as a row of CSV, in the order of `AUDIT_COLUMNS`; what changed is JSON. */
export function auditRow(line: AuditLine, reader: AuditReader): CsvCell[] {
  const { actor, subject, before, after, ...shown } = shownAuditLine(line, reader);
  return [
    shown.id,
    shown.at,
    actor.kind,
    actor.id ?? '',
    textCell(actor.name),
    shown.action,
    subject.kind,
    textCell(subject.id),
    textCell(subject.name),
    before === null ? '' : JSON.stringify(before),
    after === null ? '' : JSON.stringify(after),
    textCell(shown.reason),
    textCell(shown.address),
    textCell(shown.requestId),
  ];
}
