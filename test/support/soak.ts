// How long a randomised test goes on, and by which dice: SOAK_ROUNDS and SOAK_SEED, which every run prints.
import { setTimeout as sleep } from 'node:timers/promises';

/** Dice that fall the same way for the same seed. */
export interface Dice {
  readonly seed: number;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  pick<T>(from: readonly T[]): T;
  shuffled<T>(from: readonly T[]): T[];
}

/** Whether this is a soak: `npm run soak`. */
export const soaking = process.env['SOAK_ROUNDS'] !== undefined;

/** How many rounds to go: those asked for in a soak, `few` in every ordinary run. */
export function rounds(few: number): number {
  const asked = Number(process.env['SOAK_ROUNDS']);
  return Number.isInteger(asked) && asked > 0 ? asked : few;
}

/** How long a randomised test may take: 3 minutes in an ordinary run; in a soak, where outages last longer, 3 minutes a round. */
export function timeLimitMs(few: number): number {
  return soaking ? rounds(few) * 180_000 : 180_000;
}

/** Rolls new dice (mulberry32) and prints the seed that rolls them again. */
export function rollDice(name: string): Dice {
  const given = Number(process.env['SOAK_SEED']);
  const seed = Number.isInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31) + 1;
  process.stderr.write(`${name}: SOAK_SEED=${seed}\n`);
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const between: Dice['between'] = (least, most) => least + Math.floor(random() * (most - least + 1));
  return {
    seed,
    between,
    pick(from) {
      const picked = from[between(0, from.length - 1)];
      if (picked === undefined) throw new Error('nothing to pick from');
      return picked;
    },
    shuffled: (from) =>
      from
        .map((value) => ({ value, place: random() }))
        .sort((a, b) => a.place - b.place)
        .map(({ value }) => value),
  };
}

/** Asks until `check` holds; throws, naming what it waited for, after `withinMs`. */
export async function until(
  what: string,
  check: () => Promise<boolean>,
  withinMs = 60_000,
  everyMs = 100,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`waited ${withinMs / 1000} s for ${what}`);
    await sleep(everyMs);
  }
}

/** What comes a moment later: asks again until `check` throws nothing, for at most 20 s, and then throws what it threw. */
export async function untilHolds(check: () => unknown): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(10);
    }
  }
}
