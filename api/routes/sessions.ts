// Sessions of the signed-in person: where they are signed in, and signing out there, elsewhere or everywhere.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import { endSession, endSessions, listSessions, type Session } from '../../ledger/sessions.ts';
import { requirePerson } from '../access.ts';
import { deviceOf } from '../device.ts';
import { Problem } from '../problem.ts';
import { type Route, type RouteSurroundings, route } from '../route.ts';
import { pageOf, timestamp } from '../schemas.ts';

const session = z
  .strictObject({
    id: z.uuid().describe('Names the session; it cannot be used with it.'),
    device: z.string().describe('The browser and system, or the program.'),
    address: z.string().nullable().describe('The network address it was opened from.'),
    createdAt: timestamp,
    lastSeenAt: timestamp.describe('When it was last used, to the minute.'),
    expiresAt: timestamp,
    isCurrent: z.boolean().describe('Whether this request came with it.'),
  })
  .meta({ id: 'Session' });

const sessionList = pageOf(session, 'SessionList');

const endedSessions = z
  .strictObject({ ended: z.int().min(0).describe('How many sessions ended.') })
  .meta({ id: 'EndedSessions' });

const MOST_SESSIONS = 500;

/** `GET` and `DELETE /v1/me/sessions`, `DELETE /v1/me/sessions/{sessionId}`. */
export function sessionRoutes(surroundings: RouteSurroundings & { readonly pool: Pool }): Route[] {
  const { pool } = surroundings;
  return [
    route(surroundings, {
      method: 'get',
      path: '/v1/me/sessions',
      summary: 'Where I am signed in',
      description: 'The sessions of the signed-in person, the one used last first. Never a token.',
      tag: 'People',
      caller: 'person',
      answers: { 200: { description: 'All of them', schema: sessionList } },
      async handle({ principal }) {
        const { personId, sessionId } = requirePerson(principal);
        const sessions = await listSessions(pool, personId, new Date(), MOST_SESSIONS);
        return {
          status: 200,
          body: { items: sessions.map((one) => shown(one, sessionId)), nextCursor: null },
        };
      },
    }),
    route(surroundings, {
      method: 'delete',
      path: '/v1/me/sessions',
      summary: 'Sign out everywhere',
      description:
        'Ends every session, this one too unless `keepCurrent` is `true`. What they had open ends within a second.',
      tag: 'People',
      caller: 'person',
      query: z.strictObject({ keepCurrent: z.enum(['true', 'false']).default('false') }),
      answers: { 200: { description: 'How many ended', schema: endedSessions } },
      async handle({ principal, query }) {
        const { personId, sessionId } = requirePerson(principal);
        const keep = query.keepCurrent === 'true' ? sessionId : undefined;
        return { status: 200, body: { ended: await endSessions(pool, personId, keep) } };
      },
    }),
    route(surroundings, {
      method: 'delete',
      path: '/v1/me/sessions/{sessionId}',
      summary: 'Sign out one session',
      description: 'Ends one of my sessions; what it had open ends within a second.',
      tag: 'People',
      caller: 'person',
      params: z.strictObject({ sessionId: z.string() }),
      answers: { 204: { description: 'It has ended' } },
      problems: ['not-found'],
      async handle({ principal, params }) {
        const { personId } = requirePerson(principal);
        const { sessionId } = params;
        if (!isUuid(sessionId) || !(await endSession(pool, sessionId, personId))) {
          throw new Problem('not-found', 'There is no such session, or it is not yours.');
        }
        return { status: 204 };
      },
    }),
  ];
}

function shown(one: Session, currentId: string): z.input<typeof session> {
  return {
    id: one.id,
    device: deviceOf(one.userAgent),
    address: one.address || null,
    createdAt: one.createdAt.toISOString(),
    lastSeenAt: one.lastSeenAt.toISOString(),
    expiresAt: one.expiresAt.toISOString(),
    isCurrent: one.id === currentId,
  };
}
