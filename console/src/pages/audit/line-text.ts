// A line of the audit in words: a sentence for what was done, and beneath it which fields went from what to what.
import type { SchemaAuditLine } from '../../api/schema.d.ts';
import { labelOf, type Shown, shown } from './fields.ts';
import { kinds } from './kinds.ts';
import { toldBy } from './told.ts';

/** What was done. An action that this console does not know yet is told by its name. */
export function titleOf(line: SchemaAuditLine): string {
  const says = kinds[line.action]?.says(toldBy(line));
  if (says !== undefined) return says.replace(/^a former/, 'A former');
  const words = line.action.replaceAll(/[.-]/g, ' ');
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  return line.subject.name === null ? title : `${title}: ${line.subject.name}`;
}

export interface Change {
  readonly label: string;
  readonly was: Shown | undefined;
  readonly is: Shown | undefined;
}

/** What changed beside what the sentence says. */
export function changesOf({ action, before, after }: SchemaAuditLine): Change[] {
  const said = kinds[action]?.said ?? [];
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].flatMap((name) => {
    const [was, is] = [shown(name, before?.[name]), shown(name, after?.[name])];
    if (said.includes(name) || was?.text === is?.text) return [];
    return [{ label: labelOf(name), was, is }];
  });
}

const ACTORS = {
  person: 'A former member',
  operator: 'Operator',
  organization: 'Program',
  system: 'Coffer',
} as const;

/** Who did it. */
export function actorText({ actor: { kind, name } }: SchemaAuditLine): string {
  if (name === null) return ACTORS[kind];
  return kind === 'person' || kind === 'system' ? name : `${ACTORS[kind]}: ${name}`;
}
