// One kept-alive HTTP/1.1 connection on a bare socket, for answers with a content-length: as little work as possible.
import { connect, type Socket } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export class HttpConnection {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #length = 0;
  #awaited = Number.POSITIVE_INFINITY;
  #ended = false;
  #waiting: PromiseWithResolvers<HttpAnswer> | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')));
    socket.on('error', () => socket.destroy());
  }

  /** Connects to a port of this machine. */
  static open(port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () =>
        resolve(new HttpConnection(socket)),
      );
      socket.on('error', reject);
    });
  }

  /** Whether the server has ended it, or said that it will. */
  get ended(): boolean {
    return this.#ended || this.#socket.destroyed;
  }

  /** Sends one request and waits for its answer; one at a time. */
  exchange(request: string): Promise<HttpAnswer> {
    this.#waiting = Promise.withResolvers<HttpAnswer>();
    this.#socket.write(request);
    return this.#waiting.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#awaited && this.#awaited !== Number.POSITIVE_INFINITY) return;
    const text = Buffer.concat(this.#received, this.#length).toString('latin1');
    const headEnd = text.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
    this.#awaited = headEnd + 4 + length;
    if (this.#length < this.#awaited) return;
    this.#received = [];
    this.#length = 0;
    this.#awaited = Number.POSITIVE_INFINITY;
    this.#ended = /\r\nconnection: close/i.test(text.slice(0, headEnd));
    this.#waiting?.resolve({ status: Number(text.slice(9, 12)), body: text.slice(headEnd + 4) });
  }
}
