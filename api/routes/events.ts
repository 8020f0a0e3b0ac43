// Events: balance, entries and top-up states of an account as server-sent events.
import type { Response } from 'express';
import { z } from 'zod';
import type { Pool } from '../../ledger/database.ts';
import { formatDollars } from '../../ledger/money.ts';
import type { LiveAccounts, Watcher } from '../live-accounts.ts';
import { accountRoute, type Route, type RouteSurroundings } from '../route.ts';
import { accountParams } from '../schemas.ts';
import { shownAccount } from '../shown-account.ts';
import { shownEntry } from '../shown-entry.ts';

export interface EventSurroundings extends RouteSurroundings {
  readonly pool: Pool;
  readonly liveAccounts: LiveAccounts;
}

/** One event of the stream, as a reader of server-sent events hands it on. */
const event = z
  .object({
    id: z.string().optional().describe('The seq that the account had reached; none on `top-up`.'),
    event: z.enum(['balance', 'entry', 'top-up']),
    data: z.string().describe('JSON: an Account, an Entry, or what changed of a top-up.'),
  })
  .meta({ id: 'AccountEvent' });

const HEARTBEAT_MS = 15_000;
/** How often a program's token is looked at; people's sessions are asked about together, in live-accounts. */
const TOKEN_MS = 800;
/** A reader this far behind is cut off; it comes back with `Last-Event-ID`. */
const MOST_UNSENT_BYTES = 1024 * 1024;

/** `GET /v1/accounts/{accountId}/events`. */
export function eventRoutes(surroundings: EventSurroundings): Route[] {
  const { liveAccounts } = surroundings;
  return [
    accountRoute(surroundings, {
      method: 'get',
      path: '/v1/accounts/{accountId}/events',
      summary: 'What happens on the account, as it happens',
      description:
        'Server-sent events: `balance` (the account) at once and on every change, `entry` (a line of the statement), `top-up` (`id`, `mode`, `state`, `amount`, `payer`). The id of an event is a seq: `Last-Event-ID` brings the entries after it. The stream ends when the right to see the account is lost.',
      tag: 'Accounts',
      right: 'read',
      params: accountParams,
      headers: { 'Last-Event-ID': { description: 'A seq: the entries after it are told first.' } },
      answers: {
        200: { description: 'A stream of events', schema: event, contentType: 'text/event-stream' },
      },
      problems: ['account-not-found', 'overloaded'],
      async handle({ principal, request, response, access, isStillAllowed }) {
        const { accountId } = access;
        response
          .status(200)
          .set({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
        // only asked what a GET would answer with: a stream that tells nothing would stay open for ever
        if (request.method === 'HEAD') {
          response.end();
          return undefined;
        }
        const timers: NodeJS.Timeout[] = [];
        const lookAgain = async () => {
          if (!(await isStillAllowed())) response.end();
        };
        const stop = liveAccounts.watch({
          accountId,
          person: principal.kind === 'person' ? principal : undefined,
          afterSeq: seqOf(request.get('last-event-id')),
          ...sending(response),
        });
        response.once('close', () => {
          stop();
          for (const timer of timers) clearInterval(timer);
        });
        response.write('retry: 1000\n\n');
        timers.push(setInterval(() => response.writableEnded || response.write(':\n\n'), HEARTBEAT_MS));
        if (principal.kind !== 'person') timers.push(setInterval(lookAgain, TOKEN_MS));
        return undefined;
      },
    }),
  ];
}

/** Numbers up to the largest `int8`; anything else says nothing. */
function seqOf(lastEventId: string | undefined): bigint | undefined {
  return lastEventId !== undefined && /^\d{1,18}$/.test(lastEventId) ? BigInt(lastEventId) : undefined;
}

function sending(response: Response): Pick<Watcher, 'balance' | 'entry' | 'topUp' | 'close'> {
  const send = (name: string, data: unknown, seq?: bigint) => {
    // ended, but its reader has not taken the rest yet: a write would be an error that nobody hears
    if (response.writableEnded || response.destroyed) return false;
    if (response.writableLength > MOST_UNSENT_BYTES) return response.destroy();
    return response.write(
      `${seq === undefined ? '' : `id: ${seq}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`,
    );
  };
  return {
    balance: (reading, seq) => send('balance', shownAccount(reading), seq),
    entry: (entry) => send('entry', shownEntry(entry), entry.seq),
    topUp: ({ id, mode, state, amount, payer }) =>
      send('top-up', { id, mode, state, amount: formatDollars(amount), payer }),
    close: () => response.end(),
  };
}
