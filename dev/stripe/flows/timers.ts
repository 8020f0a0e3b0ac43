// Things that happen by themselves on the sandbox clock: sessions expire, processing payments end.
import type { World } from '../core/world.ts';
import { expireSession } from './checkout.ts';
import { endProcessing } from './processing.ts';
import type { TimerKind } from './schedule.ts';

/** Does what is due; each thing in a transaction of its own. */
export function runDueTimers(world: World): void {
  for (;;) {
    const done = world.store.transaction(() => {
      const timer = world.store.row(
        'select id, kind, object_id from timers where due_at <= ? order by due_at, id limit 1',
        world.clock.nowMs(),
      );
      if (timer === undefined) return true;
      world.store.run('delete from timers where id = ?', timer['id'] ?? null);
      happen(
        world,
        timer['kind'] === 'expire_session' ? 'expire_session' : 'end_processing',
        String(timer['object_id']),
      );
      return false;
    });
    if (done) return;
  }
}

/** When the next timer is due, in sandbox milliseconds. */
export function nextTimerAtMs(world: World): number | null {
  const row = world.store.row('select min(due_at) as at from timers');
  const at = row?.['at'] ?? null;
  return at === null ? null : Number(at);
}

function happen(world: World, kind: TimerKind, objectId: string): void {
  switch (kind) {
    case 'expire_session':
      expireSession(world, objectId);
      return;
    case 'end_processing':
      endProcessing(world, objectId);
      return;
    default:
      kind satisfies never;
  }
}
