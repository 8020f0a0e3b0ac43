// The console's client: its types are those that the API describes itself with now.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

test('the types of the console’s client are current: after a route was changed, npm run client was run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-client-'));
  try {
    const made = join(folder, 'schema.d.ts');
    const { status, stderr } = spawnSync(process.execPath, ['dev/console-client.ts', '--output', made], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: undefined },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const kept = readFileSync(join(ROOT, 'console/src/api/schema.d.ts'), 'utf8');
    expect(kept === readFileSync(made, 'utf8')).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
