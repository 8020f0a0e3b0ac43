// The processes that a stack has started: written down at once, watched, and ended in order.
import type { HomeFile } from './home-file.ts';
import { type Part, PartFailed } from './part.ts';
import type { PartName, StackFile } from './stack-file.ts';

type Ports = { port: number; uiPort?: number; smtpPort?: number };

export class RunningParts {
  /** Rejects when a part that was ready ends by itself; carries its last lines. */
  readonly died: Promise<never>;
  readonly stopping = new AbortController();
  readonly #file: HomeFile<StackFile>;
  readonly #parts: Part[] = [];
  #entries: StackFile;
  #die: (failure: PartFailed) => void = () => {};

  constructor(file: HomeFile<StackFile>, supervisor: StackFile['supervisor']) {
    this.#file = file;
    this.#entries = { supervisor };
    this.died = new Promise((_, reject) => {
      this.#die = reject;
    });
    this.died.catch(() => {}); // also when nobody listens yet
    this.#file.write(this.#entries);
  }

  /** Takes note of a process that has just been started; kills it when the stack is being stopped. */
  started(part: Part, name?: PartName, ports?: Ports): void {
    this.#parts.push(part);
    if (name !== undefined && ports !== undefined) {
      this.#entries = { ...this.#entries, [name]: { ...part.identity, ...ports } };
      this.#file.write(this.#entries);
    }
    if (this.stopping.signal.aborted) void part.stop({ graceMs: 0 });
  }

  /** From now on the end of this part is the end of the stack. */
  watch(part: Part): void {
    void part.ended.then((how) => {
      if (this.stopping.signal.aborted) return;
      this.#die(new PartFailed(part.name, `${part.name} ended with ${how}`, part.lastLines()));
    });
  }

  /** Ends everything, API and worker before what they need; takes at most 9 seconds whatever the parts do. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const isOurs = ({ name }: Part) => name === 'api' || name === 'worker';
    await Promise.all(this.#parts.filter(isOurs).map((part) => part.stop({ graceMs: 4_000 })));
    await Promise.all(
      this.#parts.map((part) =>
        part.stop({ signal: part.name === 'postgres' ? 'SIGINT' : 'SIGTERM', graceMs: 3_000 }),
      ),
    );
    this.#file.remove();
  }
}
