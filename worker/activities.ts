// All activities of the worker, assembled from their factories.

import type { Logger } from 'pino';
import { topUpActivities } from '../activities/payments/activities.ts';
import type { PaymentClients } from '../activities/payments/clients.ts';
import { type OpeningInput, postingActivities } from '../activities/posting.ts';
import { ringActivities } from '../activities/ring.ts';
import { type VerifyRunInput, verifyActivities } from '../activities/verify.ts';
import type { Clock } from '../ledger/clock.ts';
import type { Pool } from '../ledger/database.ts';
import type { Posted } from '../ledger/posting.ts';
import type { VerifyReport } from '../ledger/verify/report.ts';
import type { TemporalClient } from '../workflows/client.ts';
import type { WorkerMetrics } from './metrics.ts';

export interface ActivityClients {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly temporal: TemporalClient;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  readonly payments: PaymentClients;
}

/** Makes every activity over the process's clients. */
export function createActivities(clients: ActivityClients) {
  const { pool, clock, temporal } = clients;
  return {
    ...postingActivities({
      pool,
      clock,
      temporal,
      onPosted: (input, posted, seconds) => observe(clients, input, posted, seconds),
    }),
    ...ringActivities(temporal),
    ...topUpActivities(clients.payments, {
      onOver: (mode, state) => clients.metrics.topUps.inc({ mode, state }),
    }),
    ...verifyActivities({ pool, clock, onFinished: (input, report) => logVerified(clients, input, report) }),
  };
}

/** Counts a posting, and logs one that a request led to; a command that the database refused is an alert. */
function observe(
  { metrics, logger }: ActivityClients,
  { accountId, requestId }: OpeningInput,
  posted: Posted,
  seconds: number,
): void {
  metrics.postings.inc({ outcome: posted.entriesWritten > 0 ? 'posted' : 'empty' });
  metrics.postingSeconds.observe(seconds);
  metrics.entries.inc(posted.entriesWritten);
  if (requestId !== null && requestId !== undefined) {
    const { seq, decision, topUpInFlight } = posted.standing;
    logger.info({ accountId, requestId, seq, decision, topUpId: topUpInFlight }, 'posted');
  }
  if (posted.commandsRefused === 0) return;
  metrics.commandsRefused.inc(posted.commandsRefused);
  logger.error(
    { accountId, commandsRefused: posted.commandsRefused },
    'the database refused ledger commands',
  );
}

/** A guarantee that does not hold is an alert, with its first offender. */
function logVerified({ logger }: ActivityClients, input: VerifyRunInput, report: VerifyReport): void {
  const { accounts, entries, usageEvents, checks } = report;
  for (const { ok, guarantee, offences, firstOffender } of checks) {
    if (!ok) logger.error({ ...input, guarantee, offences, firstOffender }, 'a guarantee does not hold');
  }
  logger.info({ ...input, clean: report.ok, accounts, entries, usageEvents }, 'verified');
}
