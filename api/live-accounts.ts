// Live accounts: what changes on the accounts that somebody watches, found by reading them a few times a second.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '../ledger/database.ts';
import { type AccountReading, readAccounts } from '../ledger/reading/accounts.ts';
import { readEntriesSince, type StatementEntry, type StatementPlace } from '../ledger/reading/statement.ts';
import { readNewestTopUps, type TopUpState } from '../ledger/reading/top-up-states.ts';
import { readVisible } from '../ledger/reading/visibility.ts';
import type { Logger } from './logging.ts';
import { Problem } from './problem.ts';

/** Somebody who watches an account. */
export interface Watcher {
  readonly accountId: string;
  /** Whose right to see the account is asked again all the time; undefined for a program, whose token its route asks. */
  readonly person: { readonly personId: string; readonly sessionId: string } | undefined;
  /** Tells of entries after this one; undefined: of those that come from now on. */
  readonly afterSeq: bigint | undefined;
  balance(reading: AccountReading, seq: bigint): void;
  entry(entry: StatementEntry): void;
  topUp(topUp: TopUpState): void;
  /** The right is lost, or the process ends. */
  close(): void;
}

interface Watch {
  readonly watcher: Watcher;
  seq: bigint | undefined;
  reading: AccountReading | undefined;
  readonly topUps: Map<string, TopUpState['state']>;
}

const POLL_MS = 300;
/** Nothing is told by a right that was asked longer ago; with a poll on top, a lost one ends within a second. */
const RIGHTS_MS = 450;
const MOST_WATCHERS = 1_000;
const MOST_WATCHERS_OF_ONE = 200;
/** How many entries a poll reads, over all places in statements that watchers have come to. */
const MOST_ENTRIES = 5_000;
const MOST_ENTRIES_FROM_ONE = 500;
const MOST_TOP_UPS = 20;

/** Reads only accounts with a watcher, all of them at once; a `NOTIFY` per flush would serialise the commits. */
export class LiveAccounts {
  readonly #pool: Pool;
  readonly #log: Logger;
  readonly #watches = new Set<Watch>();
  #rightsAskedAtMs = 0;
  #running = false;
  #closed = false;

  constructor(pool: Pool, log: Logger) {
    this.#pool = pool;
    this.#log = log;
  }

  /** Tells `watcher` of the account as it is and of every change, until the function returned is called. */
  watch(watcher: Watcher): () => void {
    const beside = [...this.#watches].filter((one) => one.watcher.accountId === watcher.accountId);
    if (this.#closed || this.#watches.size >= MOST_WATCHERS || beside.length >= MOST_WATCHERS_OF_ONE) {
      throw new Problem('overloaded', 'Too many streams are open here.', { retryAfterSeconds: 5 });
    }
    const watch: Watch = { watcher, seq: watcher.afterSeq, reading: undefined, topUps: new Map() };
    this.#watches.add(watch);
    if (!this.#running) void this.#run();
    return () => this.#watches.delete(watch);
  }

  /** Closes every watcher. */
  close(): void {
    this.#closed = true;
    for (const watch of this.#watches) this.#end(watch);
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#watches.size > 0) {
      await this.#poll().catch((error: unknown) =>
        this.#log.warn({ err: error }, 'live accounts could not be read'),
      );
      await sleep(POLL_MS);
    }
    this.#running = false;
  }

  async #poll(): Promise<void> {
    await this.#askRights();
    const watches = [...this.#watches];
    const ids = [...new Set(watches.map(({ watcher }) => watcher.accountId))];
    if (ids.length === 0) return;
    const [readings, topUps] = await Promise.all([
      readAccounts(this.#pool, ids),
      readNewestTopUps(this.#pool, ids, MOST_TOP_UPS),
    ]);
    const byId = new Map(readings.map((reading) => [reading.id, reading]));
    for (const watch of watches) watch.seq ??= byId.get(watch.watcher.accountId)?.seq;
    const entries = await readBehind(this.#pool, watches, byId);
    for (const watch of watches) {
      tellEntries(watch, entries.get(placeName(watch)) ?? []);
      tellTopUps(watch, topUps);
      tellBalance(watch, byId.get(watch.watcher.accountId));
    }
  }

  async #askRights(): Promise<void> {
    if (performance.now() - this.#rightsAskedAtMs < RIGHTS_MS) return;
    const askedAtMs = performance.now();
    const asked = [...this.#watches].flatMap((watch) => {
      const { person, accountId } = watch.watcher;
      return person === undefined ? [] : [{ watch, ...person, accountId }];
    });
    const visible = asked.length === 0 ? [] : await readVisible(this.#pool, asked, new Date());
    this.#rightsAskedAtMs = askedAtMs;
    for (const [index, { watch }] of asked.entries()) if (!visible[index]) this.#end(watch);
  }

  #end(watch: Watch): void {
    this.#watches.delete(watch);
    watch.watcher.close();
  }
}

/**
 * The entries behind every place that a watcher has come to, by the name of the place. Watchers who are up to date
 * share one; whoever catches up on a long history has one of their own, so nobody else waits for them. All places share
 * what a poll reads.
 */
async function readBehind(
  pool: Pool,
  watches: readonly Watch[],
  readings: ReadonlyMap<string, AccountReading>,
): Promise<Map<string, StatementEntry[]>> {
  const places = new Map<string, StatementPlace>();
  for (const watch of watches) {
    const { seq } = watch;
    const { accountId } = watch.watcher;
    const newest = readings.get(accountId)?.seq;
    if (seq !== undefined && newest !== undefined && seq < newest) {
      places.set(placeName(watch), { accountId, seq });
    }
  }
  const share = Math.ceil(MOST_ENTRIES / Math.max(places.size, 1));
  const entries = await readEntriesSince(pool, [...places.values()], Math.min(share, MOST_ENTRIES_FROM_ONE));
  return new Map([...places.keys()].map((name, index) => [name, entries[index] ?? []]));
}

function placeName({ watcher, seq }: Watch): string {
  return `${watcher.accountId} ${seq}`;
}

function tellEntries(watch: Watch, entries: readonly StatementEntry[]): void {
  for (const entry of entries) {
    watch.seq = entry.seq;
    watch.watcher.entry(entry);
  }
}

/** Of top-ups that were over when somebody began to watch nothing is told. */
function tellTopUps(watch: Watch, topUps: readonly TopUpState[]): void {
  const began = watch.reading === undefined;
  for (const topUp of topUps) {
    if (topUp.accountId !== watch.watcher.accountId || watch.topUps.get(topUp.id) === topUp.state) continue;
    watch.topUps.set(topUp.id, topUp.state);
    const isOver = topUp.state === 'paid' || topUp.state === 'not-completed';
    if (!began || !isOver) watch.watcher.topUp(topUp);
  }
}

function tellBalance(watch: Watch, reading: AccountReading | undefined): void {
  if (reading === undefined) return;
  const { reading: before } = watch;
  watch.reading = reading;
  const same =
    before !== undefined &&
    before.posted === reading.posted &&
    before.pending === reading.pending &&
    before.held === reading.held &&
    before.state === reading.state;
  if (!same) watch.watcher.balance(reading, watch.seq ?? reading.seq);
}
