// Notifications for a process that starts while Postgres is away: it listens as soon as it can.
import { type Hear, listen, type Notifications } from '../ledger/notifications.ts';

const RETRY_MS = 500;

/** Like `listen`, but returns at once. Until the connection is there, nothing is heard and `listening` says so. */
export function listenPatiently(databaseUrl: string, channels: readonly string[]): Notifications {
  const early: [string, Hear][] = [];
  let notifications: Notifications | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  async function connect(): Promise<void> {
    try {
      const connected = await listen(databaseUrl, channels);
      if (closed) return await connected.close();
      notifications = connected;
      for (const [channel, hear] of early.splice(0)) {
        connected.on(channel, hear);
        hear(undefined);
      }
    } catch {
      if (!closed) retry = setTimeout(connect, RETRY_MS);
    }
  }

  const connecting = connect();
  return {
    get listening() {
      return notifications?.listening === true;
    },
    on(channel, hear) {
      if (notifications === undefined) early.push([channel, hear]);
      else notifications.on(channel, hear);
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      await connecting;
      clearTimeout(retry);
      await notifications?.close();
    },
  };
}
