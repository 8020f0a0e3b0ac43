// What a line of the history says: its name, what it is about, and by whom.
import type { SchemaTransaction } from '../../api/schema.d.ts';

export const lineNames: Record<SchemaTransaction['type'], string> = {
  usage: 'Usage',
  'top-up': 'Top-up',
  refund: 'Refund',
  dispute: 'Dispute',
  grant: 'Grant',
  adjustment: 'Adjustment',
};

const COUNT = new Intl.NumberFormat('en-US');

/** `1,204 in, 96 out` for a request; how it was paid, or why it was given, for credit. */
export function aboutLine(line: SchemaTransaction): string {
  if (line.type === 'usage')
    return `${COUNT.format(line.inputTokens)} tokens in, ${COUNT.format(line.outputTokens)} out`;
  if (line.type === 'top-up') return line.mode === 'auto' ? 'Auto top-up' : 'Added by hand';
  return line.reason ?? '';
}

/** Whose request or whose card it was. */
export function byLine(line: SchemaTransaction): string {
  if (line.type === 'usage')
    return `${line.member.name ?? 'Former member'} · ${line.apiKey.name ?? 'API key'}`;
  return line.payer?.name ?? '';
}
