// What both baselines share: Express, the same token check, the same parsing and pricing, the same JSON back.
import { createHash, timingSafeEqual } from 'node:crypto';
import express from 'express';
import { accepted } from '../api/intake/outcome.ts';
import { createPool, type Pool } from '../ledger/database.ts';
import { isRejection, parseEvent } from '../ledger/intake/event.ts';
import { KeyDirectory } from '../ledger/intake/key-directory.ts';
import { PriceBook } from '../ledger/intake/price-book.ts';
import { type PricedEvent, priceEvent } from '../ledger/intake/priced-event.ts';

/** Records the events of one request, all of one account, durably; gives back the ids that were new. */
export type Recorder = (pool: Pool, events: readonly PricedEvent[]) => Promise<ReadonlySet<string>>;

const POOL_SIZE = 20;

/** Serves `POST /v1/usage` until it is told to end. `BENCH_TOKEN` is the gateway token that it accepts. */
export async function serveBaseline(record: Recorder): Promise<void> {
  const pool = createPool(process.env['DATABASE_URL'] ?? '', {
    applicationName: 'baseline',
    most: POOL_SIZE,
  });
  const token = sha256(`Bearer ${process.env['BENCH_TOKEN']}`);
  const keys = new KeyDirectory(pool);
  const prices = new PriceBook(pool);
  await prices.reload();
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.post('/v1/usage', async (request, response, next) => {
    if (!timingSafeEqual(sha256(request.headers.authorization ?? ''), token)) {
      response.sendStatus(401);
      return;
    }
    next();
  });
  app.post('/v1/usage', express.json({ limit: '4mb' }), async (request, response) => {
    const body: unknown = request.body;
    const now = new Date();
    const events: PricedEvent[] = [];
    for (const input of Array.isArray(body) ? body : [body]) {
      const parsed = parseEvent(input, now, false);
      if (isRejection(parsed)) return void response.status(400).json(parsed);
      const { apiKeyId = '' } = parsed;
      const priced = priceEvent(parsed, (await keys.find(new Set([apiKeyId]))).get(apiKeyId), prices);
      if (isRejection(priced) || priced.cost === undefined) return void response.status(400).json(priced);
      events.push(priced);
    }
    const recorded = await record(pool, events);
    const results = events.map(({ id, cost }) =>
      accepted(id, recorded.has(id) ? 'recorded' : 'duplicate', cost),
    );
    response.json({ results });
  });
  const server = app.listen(0, '127.0.0.1', () => {
    console.log(JSON.stringify({ msg: 'listening', port: Object(server.address()).port }));
  });
  process.once('SIGTERM', () => process.exit(0));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
