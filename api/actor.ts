// The actor of a request: who the audit says did it, and from where.
import type { Request } from 'express';
import type { Actor } from '../ledger/acting.ts';
import type { Principal } from './principal.ts';

/** Whoever is behind a request, with its address and id. */
export function actorOf(principal: Principal, request: Request): Actor {
  return {
    ...who(principal),
    ...(request.ip !== undefined && { address: request.ip }),
    requestId: request.id,
  };
}

function who(principal: Principal): Actor {
  switch (principal.kind) {
    case 'person':
      return { kind: 'person', id: principal.personId };
    case 'operator':
    case 'organization':
      return { kind: principal.kind, id: principal.token.id };
    default:
      return { kind: 'system' };
  }
}
