// The task that deletes what is kept for a while only, once a minute.
import type { Pool } from '../ledger/database.ts';
import { deleteWhatIsOver } from '../ledger/upkeep.ts';
import type { SweepTask } from './sweeper.ts';

const EVERY_MS = 60_000;
/** Rows of one table at a time, so that no statement holds many locks or takes long. */
const MOST = 500;

/** Looks once a minute, and while a table has more than could be taken at once, again and again. */
export function upkeep(pool: Pool): SweepTask {
  let again = 0;
  return {
    name: 'upkeep',
    async run(now) {
      if (performance.now() < again) return 0;
      const deleted = [...(await deleteWhatIsOver(pool, now, MOST)).values()];
      if (deleted.every((rows) => rows < MOST)) again = performance.now() + EVERY_MS;
      return deleted.reduce((sum, rows) => sum + rows, 0);
    },
  };
}
