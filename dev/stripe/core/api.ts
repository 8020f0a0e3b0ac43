// One API request from arrival to reply: key, version, faults, idempotency, execution.
import { setTimeout as sleep } from 'node:timers/promises';
import { requireTestKey } from './auth.ts';
import {
  type ApiReply,
  type ApiRequest,
  asRefusal,
  DROP,
  header,
  headersOf,
  type Pending,
  refusalReply,
  unknownRoute,
} from './exchange.ts';
import { expanded } from './expand.ts';
import { type FormValue, parseForm } from './form.ts';
import { keepReply, keptReply, requestHash } from './idempotency.ts';
import { newId } from './ids.ts';
import type { PersistedList } from './persisted-list.ts';
import { badParameter, envelope, StripeRefusal } from './refusal.ts';
import { keyInUse, type RequestFault, refusalOf, serverError, takeRequestFault } from './request-faults.ts';
import { type Route, routeFinder } from './route.ts';
import type { World } from './world.ts';

/** Answers API requests on `world`; `sendEventsOf` sends a request's events ahead of its reply where a fault asks for that. */
export function apiOf(
  world: World,
  faults: PersistedList<RequestFault>,
  routes: Route[],
  sendEventsOf: (requestId: string) => Promise<void>,
): (request: ApiRequest) => Promise<ApiReply | typeof DROP> {
  const find = routeFinder(routes);
  const keysInUse = new Set<string>();

  return async (request) => {
    const pending = arrive(world, faults, request);
    const reply = await answer(pending);
    logReply(world, pending, reply === DROP ? null : reply.status);
    return reply;
  };

  async function answer(pending: Pending): Promise<ApiReply | typeof DROP> {
    const { fault, key } = pending;
    if (fault?.kind === 'drop_before') return DROP;
    let execute: () => ApiReply;
    try {
      execute = prepare(pending);
      if (key !== null && keysInUse.has(key)) throw keyInUse();
    } catch (error) {
      return refusalReply(pending, asRefusal(error));
    }
    if (key !== null) keysInUse.add(key);
    try {
      if (fault?.kind === 'delay' && fault.when !== 'after')
        await sleep(fault.delayMs ?? 1000, null, { ref: false });
      const reply = execute();
      await sendEventsOf(pending.requestId);
      if (fault?.kind === 'delay' && fault.when === 'after')
        await sleep(fault.delayMs ?? 1000, null, { ref: false });
      return fault?.kind === 'execute_then_drop' ? DROP : reply;
    } finally {
      if (key !== null) keysInUse.delete(key);
    }
  }

  /** Everything that is refused before anything executes; then the execution, to be called once. */
  function prepare(pending: Pending): () => ApiReply {
    const { request, fault } = pending;
    requireTestKey(header(request, 'authorization'));
    if (pending.version !== null && !/^\d{4}-\d\d-\d\d(\.\w+)?$/.test(pending.version)) {
      throw badParameter(`Invalid Stripe API version: ${pending.version}.`);
    }
    if (pending.key !== null && pending.key.length > 255) {
      throw badParameter('Idempotency keys must be at most 255 characters long.');
    }
    const refusal = refusalOf(fault);
    if (refusal !== null) throw refusal;
    const found = find(request.method, request.path);
    if (found === null) throw unknownRoute(request);
    const params = parseForm(request.method === 'POST' ? request.body : request.query);
    const call = { world, id: found.id, versioned: pending.version !== null };
    const handle = () => expanded(world, found.route.prepare(params, call)(), expandOf(params));
    return () => execute(pending, params, handle);
  }

  function execute(pending: Pending, params: FormValue, handle: () => object): ApiReply {
    const { key, request, fault } = pending;
    const hash = key === null ? '' : requestHash(request.method, request.path, params);
    world.request = { id: pending.requestId, idempotencyKey: key, receivedAtMs: pending.receivedAtMs };
    try {
      return world.store.transaction(() => {
        const kept = key === null ? null : keptReply(world, key, hash);
        if (kept !== null) {
          return { status: kept.status, body: kept.body, headers: headersOf(pending, kept.requestId) };
        }
        const result = run(pending, faulty(fault, handle));
        if (key !== null && result.keep) {
          keepReply(world, key, hash, { ...result, requestId: pending.requestId });
        }
        return { status: result.status, body: result.body, headers: headersOf(pending, null) };
      });
    } catch (error) {
      return refusalReply(pending, asRefusal(error));
    } finally {
      world.request = null;
    }
  }

  /** Runs the handler; a refusal undoes what it wrote unless it says otherwise. */
  function run(pending: Pending, handle: () => object): { status: number; body: string; keep: boolean } {
    let kept: StripeRefusal | null = null;
    try {
      const reply = world.store.savepoint(() => {
        try {
          return handle();
        } catch (error) {
          if (!(error instanceof StripeRefusal && error.keepsEffects)) throw error;
          kept = error;
          return envelope(error.error, pending.requestId);
        }
      });
      return { status: statusOf(kept), body: JSON.stringify(reply, null, 2), keep: true };
    } catch (error) {
      const refusal = asRefusal(error);
      const body = JSON.stringify(envelope(refusal.error, pending.requestId), null, 2);
      return { status: refusal.status, body, keep: refusal.executed };
    }
  }
}

function arrive(world: World, faults: PersistedList<RequestFault>, request: ApiRequest): Pending {
  const fault = takeRequestFault(faults, request.method, request.path);
  const pending: Pending = {
    request,
    requestId: newId('req', 14),
    receivedAtMs: Date.now(),
    version: header(request, 'stripe-version') ?? null,
    key: request.method === 'POST' ? (header(request, 'idempotency-key') ?? null) : null,
    fault,
  };
  world.store.run(
    'insert into requests (id, received_at, method, path, idempotency_key, fault) values (?, ?, ?, ?, ?, ?)',
    pending.requestId,
    pending.receivedAtMs,
    request.method,
    request.path,
    pending.key,
    fault?.kind ?? null,
  );
  return pending;
}

function logReply(world: World, pending: Pending, status: number | null): void {
  world.store.run('update requests set status = ? where id = ?', status, pending.requestId);
}

function faulty(fault: RequestFault | undefined, handle: () => object): () => object {
  if (fault?.kind !== '500_stored') return handle;
  return () => {
    const keepsEffects = fault.keepsEffects === true;
    try {
      if (keepsEffects) handle();
    } catch (error) {
      if (!(error instanceof StripeRefusal && error.keepsEffects)) throw error;
    }
    throw serverError(true, keepsEffects);
  };
}

function statusOf(refusal: StripeRefusal | null): number {
  return refusal === null ? 200 : refusal.status;
}

function expandOf(params: { [key: string]: FormValue }): string[] {
  const paths = params['expand'];
  return Array.isArray(paths) ? paths.filter((path) => typeof path === 'string') : [];
}
