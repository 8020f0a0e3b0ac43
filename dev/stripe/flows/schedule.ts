// Setting a timer on the sandbox clock.
import type { World } from '../core/world.ts';

export type TimerKind = 'expire_session' | 'end_processing';

/** Has `kind` happen to the object at the given sandbox time, also after a restart. */
export function schedule(world: World, dueAtMs: number, kind: TimerKind, objectId: string): void {
  world.store.run('insert into timers (due_at, kind, object_id) values (?, ?, ?)', dueAtMs, kind, objectId);
}
