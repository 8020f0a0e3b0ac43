// The courier: takes queued deliveries to their endpoints, up to eight at once, again and again until they arrive.
import type { Row } from '../core/store.ts';
import type { World } from '../core/world.ts';
import { type DeliveryFault, takeDeliveryFault } from './delivery-faults.ts';
import { viewEvent } from './emit.ts';
import { hirePostman, type Postman } from './post.ts';

const AT_ONCE = 8;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;
const GIVE_UP_AFTER_MS = 3 * 86_400_000;
const STALE_S = 3_600;

export interface Courier {
  /** Starts what is due now; called after every change. */
  wake(): void;
  /** Sends the events of a request before its reply, where a `send_before_response` fault asks for it. */
  sendAhead(requestId: string): Promise<void>;
  /** Lets held deliveries go; how many they were. */
  release(): number;
  /** Sends nothing more; what is on its way is cut off and sent again by the next courier. */
  stop(): Promise<void>;
}

/** A courier over the deliveries in the store; it takes up what an earlier process left. */
export function startCourier(world: World): Courier {
  const postman = hirePostman(AT_ONCE);
  const underway = new Map<number, Promise<void>>();
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;

  const courier: Courier = {
    wake() {
      if (stopped) return;
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(pump, 0);
    },
    async sendAhead(requestId) {
      if (!world.deliveryFaults.all().some(({ kind }) => kind === 'send_before_response')) return;
      const rows = world.store.rows(
        `select d.*, json_extract(e.body, '$.type') as event_type from deliveries d join objects e on e.id = d.event_id
         where d.state = 'waiting' and json_extract(e.body, '$.request.id') = ? order by d.rank`,
        requestId,
      );
      const concerns = (fault: DeliveryFault, row: Row) =>
        fault.types === undefined || fault.types.includes(String(row['event_type']));
      const taken = world.deliveryFaults.take(
        (fault) => fault.kind === 'send_before_response' && rows.some((row) => concerns(fault, row)),
      );
      if (taken === undefined) return;
      for (const row of rows.filter((candidate) => concerns(taken, candidate))) await send(row);
    },
    release() {
      const { changes } = world.store.run(
        "update deliveries set state = 'waiting', due_at = ? where state = 'held'",
        world.clock.nowMs(),
      );
      courier.wake();
      return changes;
    },
    async stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      postman.close();
      await Promise.all(underway.values());
    },
  };
  courier.wake();
  return courier;

  function pump(): void {
    timer = null;
    const room = AT_ONCE - underway.size;
    if (stopped || room <= 0) return;
    const due = world.store.rows(
      "select * from deliveries where state = 'waiting' and due_at <= ? order by due_at, rank limit ?",
      world.clock.nowMs(),
      room + underway.size,
    );
    const free = due.filter((row) => !underway.has(Number(row['id'])));
    for (const row of free.slice(0, room)) void send(row);
    if (underway.size < AT_ONCE) sleepUntilNext();
  }

  function sleepUntilNext(): void {
    const next = world.store.row(
      "select min(due_at) as at from deliveries where state = 'waiting' and due_at > ?",
      world.clock.nowMs(),
    );
    const at = next?.['at'] ?? null;
    if (at === null || timer !== null) return;
    timer = setTimeout(pump, Math.min(Math.max(Number(at) - world.clock.nowMs(), 1), 60_000));
  }

  function send(row: Row): Promise<void> {
    const id = Number(row['id']);
    const known = underway.get(id);
    if (known !== undefined) return known;
    const sending = deliver(world, postman, row).finally(() => {
      underway.delete(id);
      courier.wake();
    });
    underway.set(id, sending);
    return sending;
  }
}

/** One try of one delivery, and what it makes of the delivery. */
async function deliver(world: World, postman: Postman, row: Row): Promise<void> {
  const event = world.events.find(String(row['event_id']))?.body;
  const endpoint = world.webhookEndpoints.find(String(row['endpoint_id']));
  if (event === undefined || endpoint === undefined) {
    world.store.run("update deliveries set state = 'dropped' where id = ?", row['id'] ?? null);
    return;
  }
  const forged = takeDeliveryFault(world, 'bad_signature', event.type) !== undefined;
  const stale = takeDeliveryFault(world, 'stale_timestamp', event.type) !== undefined;
  // Receivers check the signature's age against their own clock, so it is real time that is signed.
  const realNow = Math.floor(Date.now() / 1000);
  const { ok, result } = await postman.post({
    url: endpoint.body.url,
    secret: forged ? `${endpoint.hidden.secret}-forged` : endpoint.hidden.secret,
    payload: JSON.stringify(viewEvent(world, event), null, 2),
    timestamp: stale ? realNow - STALE_S : realNow,
  });
  const attempts = Number(row['attempts']) + 1;
  const isTooOld = world.clock.nowMs() - event.created * 1000 > GIVE_UP_AFTER_MS;
  world.store.run(
    'update deliveries set state = ?, attempts = ?, due_at = ?, last_result = ? where id = ?',
    ok ? 'delivered' : isTooOld ? 'given_up' : 'waiting',
    attempts,
    world.clock.nowMs() + Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LAST_RETRY_MS),
    result,
    row['id'] ?? null,
  );
}
