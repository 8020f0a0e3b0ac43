// Readiness: `/readyz` says within seconds that the worker has gone, and that it is back.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestCoffer, type TestCoffer } from './support/coffer.ts';
import { until } from './support/soak.ts';

let coffer: TestCoffer;

beforeAll(async () => {
  coffer = await startTestCoffer({ worker: true });
});
afterAll(async () => {
  await coffer?.stop();
});

async function worker(): Promise<string | undefined> {
  const answer = await fetch(`${coffer.url}/readyz`);
  const { checks }: { checks?: Record<string, string> } = JSON.parse(await answer.text());
  return checks?.['worker'];
}

test('a worker that is killed is missed at once, and one that comes back is seen', async () => {
  await until('the worker to be seen', async () => (await worker()) === 'ok');
  await coffer.worker?.kill();
  await until('the worker to be missed', async () => (await worker()) === 'unavailable', 15_000);
  await coffer.worker?.start();
  await until('the worker to be seen again', async () => (await worker()) === 'ok');
});

test('a worker that hangs is missed before Temporal misses it, and seen again once it goes on', async () => {
  await until('the worker to be seen', async () => (await worker()) === 'ok');
  coffer.worker?.signal('SIGSTOP');
  await until('the worker to be missed', async () => (await worker()) === 'unavailable', 30_000);
  coffer.worker?.signal('SIGCONT');
  await until('the worker to be seen again', async () => (await worker()) === 'ok');
});

test('the sessions of a worker that Postgres ended come back by themselves', async () => {
  await until('the worker to be seen', async () => (await worker()) === 'ok');
  await coffer.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'coffer worker' and datname = current_database()`,
  );
  await until('the worker to be seen again', async () => (await worker()) === 'ok');
  expect(coffer.worker?.running).toBe(true);
});
