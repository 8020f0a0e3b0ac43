// The whole API with everything it needs, each part its own, so that any of its answers can be provoked and kept.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Caller } from '../../../dev/access/callers.ts';
import { type Operation, operationsOf } from '../../../dev/access/operations.ts';
import { migrate } from '../../../ledger/migrate.ts';
import { startTestApi, type TestApi } from '../api.ts';
import { createTestAuth } from '../people.ts';
import { createProcesses, type TestServer } from '../processes.ts';
import { startTestSandbox } from '../sandbox.ts';
import { connectTestTemporal, type TestTemporal } from '../temporal.ts';
import { type Asked, ask } from './ask.ts';
import { type Called, undocumented } from './call.ts';
import { type Cell, cellsOf } from './cells.ts';
import { lines } from './lines.ts';
import { WEBHOOK_SECRET } from './lines-machines.ts';
import type { Stage } from './provocations.ts';
import { ANYBODY } from './rows.ts';
import { callerOf, createWorld, type World } from './world.ts';

export interface WholeApi {
  readonly api: TestApi;
  readonly pool: pg.Pool;
  /** Its own, to be killed. */
  readonly postgres: TestServer;
  readonly temporal: TestTemporal;
  readonly taskQueue: string;
  readonly world: World;
  readonly operations: readonly Operation[];
  /** The cells of each route. */
  cells(): Cell[][];
  /** Of each route the first cell that is allowed. */
  allowed(): Cell[];
  /** The allowed cell of a route, of the first who may or of `as`. */
  cellOf(route: string, as?: Caller): Cell;
  /** A world of its own for a cell that changes something. */
  stageFor(cell: Cell): Promise<Stage>;
  /** Sends a cell's request, spoiled on purpose or not, and keeps the answer. */
  provoke(cell: Cell, spoil?: (asked: Asked) => Asked, inWorld?: World): Promise<Called>;
  /** Keeps what a route was seen to answer. */
  keep(operation: Operation, answer: Called): void;
  /** Documented answers that were never seen, and seen ones that are not documented. */
  difference(): { readonly missing: readonly string[]; readonly strange: readonly string[] };
  close(): Promise<void>;
}

const routeOf = ({ method, path }: Operation) => `${method} ${path}`;

/** Starts it; some ten seconds. */
export async function startWholeApi(): Promise<WholeApi> {
  const processes = await createProcesses();
  const [postgres, sandbox, temporal] = await Promise.all([
    processes.postgres(),
    startTestSandbox(),
    connectTestTemporal(),
  ]);
  await migrate(postgres.address);
  const pool = new pg.Pool({ connectionString: postgres.address });
  pool.on('error', () => {});
  const taskQueue = randomUUID();
  const environment = {
    TEMPORAL_TASK_QUEUE: taskQueue,
    STRIPE_API_BASE: sandbox.url,
    STRIPE_SECRET_KEY: 'sk_test_sandbox',
    STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
  };
  const api = await startTestApi({ url: postgres.address }, { environment });
  const auth = createTestAuth(pool);
  const world = await createWorld(pool, auth);
  const operations = operationsOf((await api.json('GET', '/openapi.json')).body);
  const seen = new Map<string, Set<number>>();
  const strange: string[] = [];
  const cells = operations.map((operation) => {
    const line = lines.find(({ route }) => route === routeOf(operation));
    if (line === undefined) throw new Error(`there is no line for ${routeOf(operation)}`);
    return cellsOf(operation, line);
  });
  const keep = (operation: Operation, answer: Called): void => {
    const route = routeOf(operation);
    seen.set(route, (seen.get(route) ?? new Set()).add(answer.status));
    const wrong = undocumented(operation, answer);
    if (wrong !== undefined) strange.push(`${route}: ${wrong}: ${answer.body.slice(0, 300)}`);
  };
  return {
    api,
    pool,
    postgres,
    temporal,
    taskQueue,
    world,
    operations,
    keep,
    cells: () => cells,
    allowed: () => cells.flatMap((ofRoute) => ofRoute.find(({ expected }) => expected === 'yes') ?? []),
    cellOf(route, as) {
      const isIt = ({ operation, caller, expected }: Cell) =>
        routeOf(operation) === route && expected === 'yes' && (as ?? caller) === caller;
      const found = cells.flat().find(isIt);
      if (found === undefined) throw new Error(`nobody may ${route}`);
      return found;
    },
    async stageFor(cell) {
      const isShared = cell.operation.method === 'GET' || cell.line.row === ANYBODY;
      const own = isShared ? world : await createWorld(pool, auth, { caller: cell.caller });
      const { person, own: things } = callerOf(own, cell.caller);
      return { pool, world: own, own: things, personId: person?.personId ?? things.personId };
    },
    async provoke(cell, spoil, inWorld = world) {
      const answer = await ask(api, inWorld, cell, spoil);
      keep(cell.operation, answer);
      return answer;
    },
    difference: () => ({
      missing: operations.flatMap((operation) =>
        [...operation.answers.keys()]
          .filter((status) => seen.get(routeOf(operation))?.has(status) !== true)
          .map((status) => `${routeOf(operation)} ${status}`),
      ),
      strange,
    }),
    async close() {
      await api.close();
      await sandbox.close();
      await temporal.close();
      await pool.end();
      await processes.stop();
    },
  };
}
