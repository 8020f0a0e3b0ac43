// Requests written by hand: the usage events a gateway would report, with new ids and varying token counts.
import { v7 as uuidv7 } from 'uuid';
import type { LoadOrder } from './load-report.ts';
import { BENCH_MODEL } from './sample-events.ts';

type Order = Pick<LoadOrder, 'port' | 'token' | 'apiKeyIds' | 'eventsPerRequest'>;

export class RequestMaker {
  readonly #order: Order;
  readonly #head: string;
  #made = 0;

  constructor(order: Order) {
    this.#order = order;
    this.#head =
      `POST /v1/usage HTTP/1.1\r\nhost: 127.0.0.1:${order.port}\r\nauthorization: Bearer ${order.token}\r\n` +
      'content-type: application/json\r\ncontent-length: ';
  }

  /** The next request: a single event, or an array of them. */
  next(): string {
    const occurredAt = new Date().toISOString();
    const count = this.#order.eventsPerRequest;
    const body =
      count === 1
        ? this.#event(occurredAt)
        : `[${Array.from({ length: count }, () => this.#event(occurredAt)).join(',')}]`;
    return this.request(body);
  }

  /** A request with a body of ASCII characters: its length in characters is its length in bytes. */
  request(body: string): string {
    return `${this.#head}${body.length}\r\n\r\n${body}`;
  }

  #event(occurredAt: string): string {
    this.#made += 1;
    const { apiKeyIds } = this.#order;
    const key = apiKeyIds[this.#made % apiKeyIds.length];
    const input = 500 + ((this.#made * 37) % 1_500);
    const output = 20 + ((this.#made * 13) % 400);
    return (
      `{"id":"${uuidv7()}","apiKeyId":"${key}","model":"${BENCH_MODEL}","inputTokens":${input},` +
      `"outputTokens":${output},"occurredAt":"${occurredAt}"}`
    );
  }
}
