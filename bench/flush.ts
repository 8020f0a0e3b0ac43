// The flush alone, without HTTP: `record_usage` beside the bare insert of the same rows, on one account and on 1,000.
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { dayNumber } from '../ledger/intake/day.ts';
import type { KnownKey } from '../ledger/intake/key-directory.ts';
import { ensureUsageDays, recordUsage } from '../ledger/intake/record-usage.ts';
import { createEventTable, eventArrays, insertBare } from './bare-insert.ts';
import { processCpuMs } from './process-cpu.ts';
import { sampleEvents } from './sample-events.ts';
import { durabilityOf, startServer } from './server.ts';
import { median, spread } from './statistics.ts';

const { values: given } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    rows: { type: 'string', default: '500' },
    help: { type: 'boolean', default: false },
  },
});
if (given.help) {
  console.log(
    'node bench/flush.ts [--seconds 2] [--rounds 5] [--rows 500]   seconds a measurement, rows a flush',
  );
  process.exit(0);
}
const seconds = Number(given.seconds);
const rows = Number(given.rows);
const server = await startServer();
try {
  console.log(await durabilityOf(server.pool));
  const connection = await server.pool.connect();
  const today = dayNumber(new Date());
  await ensureUsageDays(connection, today - 36, today + 2);
  const keys: KnownKey[] = Array.from({ length: 1_000 }, () => ({
    id: randomUUID(),
    accountId: randomUUID(),
    holders: [{ memberId: randomUUID(), since: new Date(0) }],
    expiresAt: null,
    revokedAt: null,
    secretEndsAt: null,
  }));
  await connection.query(
    "select create_account(id, 'person', id, 'usd', now()) from unnest($1::uuid[]) as id",
    [keys.map((key) => key.accountId)],
  );
  await connection.query('update account_balances set low_water = -9223372036854775808');
  await createEventTable(server.pool, 'bare_hot');
  await createEventTable(server.pool, 'bare_many');
  let position = 1;
  const bare = (table: string, of: readonly KnownKey[]) => async () => {
    await insertBare(connection, table, eventArrays(sampleEvents(rows, of), position));
    position += rows;
  };
  const flush = (of: readonly KnownKey[]) => async () => {
    await recordUsage(connection, sampleEvents(rows, of), { now: new Date() });
  };
  const hot = keys.slice(0, 1);
  const variants = new Map<string, () => Promise<void>>([
    ['bare insert, one account', bare('bare_hot', hot)],
    ['record_usage, one account', flush(hot)],
    ['bare insert, 1,000 accounts', bare('bare_many', keys)],
    ['record_usage, 1,000 accounts', flush(keys)],
  ]);
  const { rows: sessions } = await connection.query<{ pid: number }>('select pg_backend_pid() as pid');
  const pid = sessions[0]?.pid ?? 0;
  const rates = new Map([...variants.keys()].map((name) => [name, [] as number[]]));
  const costs = new Map([...variants.keys()].map((name) => [name, [] as number[]]));
  for (let round = -1; round < Number(given.rounds); round += 1) {
    for (const [name, run] of variants) {
      const startedMs = performance.now();
      const endMs = startedMs + seconds * (round < 0 ? 300 : 1_000);
      const cpuMs = processCpuMs(pid);
      let count = 0;
      for (; performance.now() < endMs; count += rows) await run();
      if (round < 0) continue;
      rates.get(name)?.push((count * 1_000) / (performance.now() - startedMs));
      costs.get(name)?.push(((processCpuMs(pid) - cpuMs) * 1_000) / count);
    }
  }
  connection.release();
  const limitOf = (name: string, of: Map<string, number[]>) =>
    median(of.get(`bare insert, ${name.split(', ').slice(1).join(', ')}`) ?? []);
  for (const [name, measured] of rates) {
    const rate = median(measured);
    const cost = median(costs.get(name) ?? []);
    const share = Math.round((rate / limitOf(name, rates)) * 100);
    const times = (cost / limitOf(name, costs)).toFixed(2);
    console.log(
      `${name.padEnd(30)} ${Math.round(rate).toString().padStart(7)} rows/s ±${spread(measured)} % (${share} % of the bare insert)`,
      ` ${cost.toFixed(1)} µs of backend CPU a row (${times} ×)`,
    );
  }
} finally {
  await server.stop();
}
