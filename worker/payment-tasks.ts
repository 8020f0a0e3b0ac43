// What the worker takes up of payments: events to follow, mail to send, top-ups and card setups that nobody looks at.

import { type NoticeOptions, sendNotices } from '../activities/mail/send-notices.ts';
import { saveCard } from '../activities/payments/cards.ts';
import { endPage } from '../activities/payments/checkout.ts';
import type { PaymentClients } from '../activities/payments/clients.ts';
import { followEvent } from '../activities/payments/follow-event.ts';
import { endCardSetup, takeDueCardSetups } from '../ledger/payments/card-setups.ts';
import { countRestart, takeDueTopUps, takePagesToEnd } from '../ledger/payments/top-ups.ts';
import {
  finishWebhookEvent,
  takeWebhookEvents,
  type WebhookOutcome,
} from '../ledger/payments/webhook-events.ts';
import { startTopUp, type TemporalClient } from '../workflows/client.ts';
import type { SweepTask } from './sweeper.ts';

/** What became of an event that was followed up. */
export type WebhookResult = WebhookOutcome['state'] | 'failed';

/** Follows what Stripe told us; one that fails comes again. */
export function webhookEvents(
  clients: PaymentClients,
  onResult: (result: WebhookResult) => void = () => {},
): SweepTask {
  return {
    name: 'webhook-events',
    async run(now, most) {
      const events = await takeWebhookEvents(clients.pool, now, Math.min(most, 20));
      await eachOf(events, async (event) => {
        try {
          const outcome = await followEvent(clients, event);
          await finishWebhookEvent(clients.pool, event.id, outcome, clients.clock());
          onResult(outcome.state);
        } catch (error) {
          onResult('failed');
          throw error;
        }
      });
      return events.length;
    },
  };
}

/** Sends the mail that waits. */
export function notices(options: NoticeOptions): SweepTask {
  return {
    name: 'notices',
    run: (_now, most) => sendNotices(options, most),
  };
}

/**
 * Starts the workflow of every open top-up that is past its check; one that runs is left alone. One that has ended
 * before its top-up did (as after the database was restored) is an alert, and follows it anew.
 */
export function overdueTopUps(clients: PaymentClients, temporal: TemporalClient): SweepTask {
  const { pool, clock, alert } = clients;
  return {
    name: 'overdue-top-ups',
    async run(now, most) {
      const due = await takeDueTopUps(pool, now, { most, again: '1 minute' });
      await eachOf(due, async ({ topUpId, accountId }) => {
        if ((await startTopUp(temporal, topUpId, accountId)) === 'running') return;
        const restarts = await countRestart(pool, topUpId, clock());
        if (restarts === undefined) return;
        alert({ topUpId, accountId, restarts }, 'a top-up is open although its workflow had ended');
        await startTopUp(temporal, topUpId, accountId, { again: true });
      });
      return due.length;
    },
  };
}

/** Ends the pages on which members would still pay for an account that was closed. */
export function pagesOfClosed(clients: PaymentClients): SweepTask {
  return {
    name: 'pages-of-closed',
    async run(now, most) {
      const ids = await takePagesToEnd(clients.pool, now, Math.min(most, 10));
      await eachOf(ids, (id) => endPage(clients, id));
      return ids.length;
    },
  };
}

/** Looks at the setups of cards whose owner may have closed the page too early. */
export function overdueCardSetups(clients: PaymentClients): SweepTask {
  return {
    name: 'overdue-card-setups',
    async run(now, most) {
      const due = await takeDueCardSetups(clients.pool, now, most);
      await eachOf(due, async ({ id, sessionId, expiresAt }) => {
        if (sessionId !== null) await saveCard(clients, sessionId);
        else if (expiresAt <= now) await endCardSetup(clients.pool, id, null);
      });
      return due.length;
    },
  };
}

/** Works on all, also after one failed; throws the first failure at the end, so that it is logged and counted. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(items.map((item) => work(item)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
