// Recorded histories: how tests keep those of their workflows, and where they are read from to be replayed.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const folder = fileURLToPath(new URL('../histories/', import.meta.url));
const projectFolder = fileURLToPath(new URL('../../', import.meta.url));
const MOST_RUNS = 3;

/**
 * Keeps the histories of a workflow's first runs as `<name>-<n>.json`, when RECORD_HISTORIES is set. Record anew only
 * when the shape of a history changed on purpose: `RECORD_HISTORIES=1 npx jest test/account.test.ts`.
 */
export async function recordHistories(client: Client, workflowId: string, name: string): Promise<void> {
  if (process.env['RECORD_HISTORIES'] === undefined) return;
  await mkdir(folder, { recursive: true });
  const runs: { runId: string; startTime: Date }[] = [];
  for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs.push(run);
  runs.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
  for (const [index, { runId }] of runs.slice(0, MOST_RUNS).entries()) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const text = historyToJSON(history).replaceAll(projectFolder, '/coffer/'); // in stack traces
    await writeFile(`${folder}${name}-${index + 1}.json`, `${text}\n`);
  }
}

/** The names of the recorded histories. */
export async function recordedHistories(): Promise<string[]> {
  const files = await readdir(folder);
  return files.filter((file) => file.endsWith('.json')).sort();
}

/** A recorded history, as `Worker.runReplayHistory` takes it. */
export async function readHistory(name: string): Promise<unknown> {
  return JSON.parse(await readFile(`${folder}${name}`, 'utf8'));
}
