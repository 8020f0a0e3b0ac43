// A line of the audit in words: what was done to what, and which fields went from what to what.
import type { SchemaAuditLine } from '../../api/schema.d.ts';

/** `member.role-changed` of Max → `Member role changed: Max`. */
export function titleOf({ action, subject }: SchemaAuditLine): string {
  const words = action.replaceAll(/[.-]/g, ' ').replace(/^api key/, 'API key');
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  return subject.name === null ? title : `${title}: ${subject.name}`;
}

/** One line for each field: `role: member → admin`. */
export function changeText({ before, after }: SchemaAuditLine): string[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].flatMap((name) => {
    const [was, is] = [shown(before?.[name]), shown(after?.[name])];
    if (was === is) return [];
    return [`${words(name)}: ${[was, is].filter((text) => text !== undefined).join(' → ')}`];
  });
}

function shown(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object' && 'name' in value) return String(value.name ?? 'former member');
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** `monthlyCap` → `monthly cap`. */
const words = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
