// Captures from inside: audit rows, log lines of the processes, and everything that Temporal holds.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Message } from '../../../dev/mail/mailbox.ts';
import type { TestCoffer } from '../coffer.ts';
import type { Capture } from './leaks.ts';

/** The audit as it stands in the database. */
export async function captureAudit({ pool }: TestCoffer): Promise<Capture[]> {
  const { rows } = await pool.query<{ text: string }>('select l::text as text from audit_lines l');
  return rows.map(({ text }) => ({ kind: 'audit row', from: 'the audit', text }));
}

/** What API and worker have logged. */
export function captureLogs({ processes }: TestCoffer): Capture[] {
  return ['api', 'worker'].flatMap((name) =>
    readFileSync(join(processes.folder, `${name}.log`), 'utf8')
      .split('\n')
      .map((text): Capture => ({ kind: 'log line', from: name, text })),
  );
}

/** Mails to anybody but these addresses. */
export function captureMails(mails: readonly Message[], privateTo: ReadonlySet<string>): Capture[] {
  return mails
    .filter(({ to }) => !to.every((address) => privateTo.has(address.toLowerCase())))
    .map(({ to, subject, text }) => ({ kind: 'mail', from: `mail to ${to}`, text: `${subject}\n${text}` }));
}

/** Histories, memos, search attributes and current details of every workflow of the stack. */
export async function captureTemporal({ temporalAddress, taskQueue }: TestCoffer): Promise<Capture[]> {
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    const client = new Client({ connection });
    const captures: Capture[] = [];
    for await (const { workflowId, runId } of client.workflow.list({ query: `TaskQueue = '${taskQueue}'` })) {
      const handle = client.workflow.getHandle(workflowId, runId);
      const details = await handle.query('__temporal_workflow_metadata').catch(() => undefined);
      const parts = [await handle.fetchHistory(), (await handle.describe()).raw, details];
      captures.push({ kind: 'Temporal', from: workflowId, text: parts.map(legible).join('\n') });
    }
    return captures;
  } finally {
    await connection.close();
  }
}

/** Temporal's own counts and clocks: as numbers of four digits they may be anybody's last four. */
const COUNTED =
  /^(historySizeBytes|historyLength|stateTransitionCount|taskId|eventId|seconds|nanos|\w+EventId)$/;

/** Anything of Temporal as text, its payloads decoded: their JSON form has the bytes in base64. */
function legible(value: unknown): string {
  return (
    JSON.stringify(value, (key, inner: unknown) => {
      if (COUNTED.test(key) && typeof inner !== 'object') return undefined;
      return key === 'data' && typeof inner === 'string'
        ? Buffer.from(inner, 'base64').toString('utf8')
        : inner;
    }) ?? ''
  ).replaceAll('\\"', '"');
}
