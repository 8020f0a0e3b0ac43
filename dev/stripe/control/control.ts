// The control API `/_sandbox`: reading the sandbox's state, moving its clock, asking for faults and outcomes.
import { z } from 'zod';
import { newId } from '../core/ids.ts';
import type { PersistedList } from '../core/persisted-list.ts';
import { REQUEST_FAULT_KINDS, type RequestFault } from '../core/request-faults.ts';
import type { World } from '../core/world.ts';
import { runDueTimers } from '../flows/timers.ts';
import type { Courier } from '../webhooks/courier.ts';
import { DELIVERY_FAULT_KINDS } from '../webhooks/delivery-faults.ts';
import { setEndpoint } from './endpoint.ts';
import { chargesSeen, requestsSeen, stateOf } from './views.ts';

const times = z.number().int().min(1).nullable().default(1);

const BODIES = {
  advance: z.strictObject({ seconds: z.number().min(0) }),
  fault: z.strictObject({
    method: z.string().optional(),
    path: z.string().default('/v1/'),
    nth: z.number().int().min(1).default(1),
    times,
    kind: z.enum(REQUEST_FAULT_KINDS),
    delayMs: z.number().int().min(0).optional(),
    when: z.enum(['before', 'after']).optional(),
    keepsEffects: z.boolean().optional(),
  }),
  delivery: z.strictObject({
    kind: z.enum([...DELIVERY_FAULT_KINDS, 'release']),
    types: z.array(z.string()).optional(),
    times: z.number().int().min(1).nullable().optional(),
    delayMs: z.number().int().min(0).optional(),
  }),
  outcome: z.strictObject({
    paymentMethod: z.string().optional(),
    fingerprint: z.string().optional(),
    customer: z.string().optional(),
    outcome: z.enum(['succeeded', 'declined', 'requires_action', 'processing']).default('declined'),
    code: z.string().optional(),
    declineCode: z.string().optional(),
    adviceCode: z.string().nullable().optional(),
    endsIn: z.string().optional(),
    afterSeconds: z.number().min(0).optional(),
    times,
  }),
  webhook: z.strictObject({
    url: z.url(),
    secret: z.string().startsWith('whsec_').optional(),
    enabledEvents: z.array(z.string()).min(1).optional(),
  }),
};

export interface Controlled {
  world: World;
  faults: PersistedList<RequestFault>;
  courier: Courier;
  /** Has the server look again at what is due. */
  wake(): void;
}

export interface ControlReply {
  status: number;
  body: object;
}

/** Answers one control request; `body` is the parsed JSON, `{}` without one. */
export function control(
  sandbox: Controlled,
  method: string,
  path: string,
  query: URLSearchParams,
  body: unknown,
): ControlReply {
  const { world, faults } = sandbox;
  try {
    switch (`${method} ${path}`) {
      case 'GET /_sandbox/state':
        return ok(stateOf(world, faults));
      case 'GET /_sandbox/charges':
        return ok({ items: chargesSeen(world, query) });
      case 'GET /_sandbox/requests':
        return ok({ items: requestsSeen(world, query) });
      case 'POST /_sandbox/advance':
        return advance(sandbox, BODIES.advance.parse(body).seconds);
      case 'GET /_sandbox/faults':
        return ok({ items: faults.all() });
      case 'POST /_sandbox/faults': {
        const { nth, ...fault } = BODIES.fault.parse(body);
        faults.add({ ...fault, id: newId('fault', 10), skip: nth - 1 });
        return ok({ items: faults.all() });
      }
      case 'DELETE /_sandbox/faults':
        faults.clear();
        return ok({ items: [] });
      case 'GET /_sandbox/deliveries':
        return ok({ items: world.deliveryFaults.all() });
      case 'POST /_sandbox/deliveries':
        return deliveries(sandbox, BODIES.delivery.parse(body));
      case 'DELETE /_sandbox/deliveries':
        world.deliveryFaults.clear();
        return ok({ items: [] });
      case 'POST /_sandbox/next_outcome':
        world.nextOutcomes.add({ ...BODIES.outcome.parse(body), id: newId('next', 10) });
        return ok({ items: world.nextOutcomes.all() });
      case 'DELETE /_sandbox/next_outcome':
        world.nextOutcomes.clear();
        return ok({ items: [] });
      case 'POST /_sandbox/webhook':
        return ok(setEndpoint(world, BODIES.webhook.parse(body)));
      default:
        return {
          status: 404,
          body: { error: { message: `There is no ${method} ${path}. See dev/stripe/README.md.` } },
        };
    }
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    return { status: 400, body: { error: { message: z.prettifyError(error) } } };
  }
}

function ok(body: object): ControlReply {
  return { status: 200, body };
}

function advance({ world, wake }: Controlled, seconds: number): ControlReply {
  world.clock.advance(seconds);
  runDueTimers(world);
  wake();
  return ok({ now: world.clock.now() });
}

function deliveries({ world, courier }: Controlled, fault: z.output<typeof BODIES.delivery>): ControlReply {
  if (fault.kind === 'release') {
    world.deliveryFaults.write(world.deliveryFaults.all().filter(({ kind }) => kind !== 'hold'));
    return ok({ released: courier.release() });
  }
  const { kind } = fault;
  const lasting = kind === 'hold' || kind === 'shuffle';
  const forever = fault.times === undefined ? lasting : fault.times === null;
  world.deliveryFaults.add({
    ...fault,
    kind,
    id: newId('fault', 10),
    times: forever ? null : (fault.times ?? 1),
  });
  return ok({ items: world.deliveryFaults.all() });
}
