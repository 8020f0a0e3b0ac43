// Faults of webhook delivery: what goes wrong with events on their way to an endpoint.
import { randomInt } from 'node:crypto';
import type { Wish } from '../core/persisted-list.ts';
import type { World } from '../core/world.ts';

export const DELIVERY_FAULT_KINDS = [
  'duplicate',
  'shuffle',
  'delay',
  'drop',
  'hold',
  'send_before_response',
  'bad_signature',
  'stale_timestamp',
] as const;

export interface DeliveryFault extends Wish {
  kind: (typeof DELIVERY_FAULT_KINDS)[number];
  /** Only events of these types; all when absent. */
  types?: string[] | undefined;
  /** Of `delay`: how late; of `shuffle`: how long events are collected before they go out in random order. */
  delayMs?: number | undefined;
}

/** How one delivery of an event is to be made. */
export interface Plan {
  state: 'waiting' | 'held' | 'dropped';
  dueAtMs: number;
  /** Deliveries that are due go out by rank; null: in order of creation. */
  rank: number | null;
  copies: number;
}

/** The plan for a new event of `type`, after the faults that apply; each that applies is used once. */
export function planDelivery(world: World, type: string): Plan {
  const plan: Plan = { state: 'waiting', dueAtMs: world.clock.nowMs(), rank: null, copies: 1 };
  const use = (kind: DeliveryFault['kind']) => takeDeliveryFault(world, kind, type);
  if (world.deliveryFaults.all().length === 0) return plan;
  if (use('drop') !== undefined) return { ...plan, state: 'dropped' };
  if (use('duplicate') !== undefined) plan.copies = 2;
  const delay = use('delay');
  if (delay !== undefined) plan.dueAtMs += delay.delayMs ?? 1000;
  const shuffle = use('shuffle');
  if (shuffle !== undefined) {
    const windowMs = shuffle.delayMs ?? 500;
    plan.dueAtMs = Math.ceil((plan.dueAtMs + 1) / windowMs) * windowMs;
    plan.rank = -randomInt(1, 2 ** 40);
  }
  if (use('hold') !== undefined) plan.state = 'held';
  return plan;
}

/** Uses one fault of `kind` that concerns events of `type`. */
export function takeDeliveryFault(
  world: World,
  kind: DeliveryFault['kind'],
  type: string,
): DeliveryFault | undefined {
  return world.deliveryFaults.take(
    (fault) => fault.kind === kind && (fault.types === undefined || fault.types.includes(type)),
  );
}
