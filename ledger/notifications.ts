// Notifications: one connection per process that hears what others announce with `pg_notify`, and comes back by itself.
import pg from 'pg';

/** Hears the payload of one announcement, or `undefined`: anything may have changed while nobody listened. */
export type Hear = (payload: string | undefined) => void;

export interface Notifications {
  /** Whether announcements are being heard at this moment; memory must not be trusted for long while they aren't. */
  readonly listening: boolean;
  /** Registers what hears a channel. */
  on(channel: string, hear: Hear): void;
  close(): Promise<void>;
}

const RETRY_MS = 500;

/**
 * Listens on `channels` over a connection of its own. Resolves once it hears, so that nothing remembered from then
 * on is missed. When the connection is lost it is made again, and every channel hears `undefined`.
 */
export async function listen(databaseUrl: string, channels: readonly string[]): Promise<Notifications> {
  const hearers = new Map<string, Hear[]>(channels.map((channel) => [channel, []]));
  let client: pg.Client | undefined;
  let heard: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  function lost(which: pg.Client): void {
    if (which !== client) return;
    client = undefined;
    which.end().catch(() => {});
    if (!closed) retry = setTimeout(() => connect().catch(() => {}), RETRY_MS);
  }

  async function connect(): Promise<void> {
    const connecting = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'coffer listener',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    client = connecting;
    connecting.on('error', () => lost(connecting));
    connecting.on('end', () => lost(connecting));
    connecting.on('notification', ({ channel, payload }) => {
      for (const hear of hearers.get(channel) ?? []) hear(payload);
    });
    try {
      await connecting.connect();
      await connecting.query(channels.map((channel) => `listen ${pg.escapeIdentifier(channel)}`).join(';'));
    } catch (e) {
      lost(connecting);
      throw e;
    }
    heard = connecting;
    for (const hear of [...hearers.values()].flat()) hear(undefined);
  }

  await connect().catch(async (e) => {
    closed = true;
    clearTimeout(retry);
    throw e;
  });
  return {
    get listening() {
      return heard !== undefined && heard === client;
    },
    on(channel, hear) {
      const list = hearers.get(channel);
      if (list === undefined) throw new Error(`nobody listens on ${channel}: it was not among the channels`);
      list.push(hear);
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      await client?.end();
    },
  };
}
