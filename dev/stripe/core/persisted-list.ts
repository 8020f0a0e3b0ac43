// Short lists of wishes (faults, next outcomes) kept in the store, each wish good for a number of times.
import type { Store } from './store.ts';

export interface Wish {
  id: string;
  /** How often it still applies; null: until it is cleared. */
  times: number | null;
}

export interface PersistedList<Item extends Wish> {
  all(): Item[];
  add(item: Item): void;
  clear(): void;
  /** Uses the first item that matches, once. */
  take(matches: (item: Item) => boolean): Item | undefined;
  write(items: Item[]): void;
}

/** The list kept under `name`; read from the store each time, so a rolled back use is not a use. */
export function persistedList<Item extends Wish>(store: Store, name: string): PersistedList<Item> {
  const all = (): Item[] => JSON.parse(store.setting(name) ?? '[]');
  const write = (items: Item[]) => store.saveSetting(name, JSON.stringify(items));
  return {
    all,
    write,
    clear: () => write([]),
    add: (item) => write([...all(), item]),
    take(matches) {
      const items = all();
      const taken = items.find(matches);
      if (taken === undefined) return undefined;
      write(items.flatMap((item) => (item === taken ? usedOnce(item) : [item])));
      return taken;
    },
  };
}

/** The item after one use: gone when that was its last. */
export function usedOnce<Item extends Wish>(item: Item): Item[] {
  if (item.times === null) return [item];
  return item.times <= 1 ? [] : [{ ...item, times: item.times - 1 }];
}
