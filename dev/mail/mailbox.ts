// The caught mails, one JSON line each in a file: an accepted mail is still there after a restart or a kill.
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

const message = z.object({
  id: z.string(),
  receivedAt: z.string(),
  from: z.string(),
  to: z.array(z.string()),
  subject: z.string(),
  text: z.string(),
});

export type Message = z.infer<typeof message>;

const KEPT = 5_000;

export class Mailbox {
  readonly #file: string;
  #messages: Message[];

  /** Opens the file; a line cut short by a kill is dropped, and so are all but the newest 5,000 mails. */
  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    this.#messages = lines.flatMap(parseLine).slice(-KEPT);
    writeFileSync(`${file}.new`, this.#messages.map((one) => `${JSON.stringify(one)}\n`).join(''), {
      mode: 0o600,
    });
    renameSync(`${file}.new`, file);
  }

  add(one: Message): void {
    appendFileSync(this.#file, `${JSON.stringify(one)}\n`);
    this.#messages.push(one);
    if (this.#messages.length > 2 * KEPT) this.#messages = this.#messages.slice(-KEPT);
  }

  /** Newest first; only those to one address where it is given. */
  list(to?: string): Message[] {
    const wanted = to?.toLowerCase();
    return this.#messages
      .filter((one) => wanted === undefined || one.to.some((address) => address.toLowerCase() === wanted))
      .toReversed();
  }

  find(id: string): Message | undefined {
    return this.#messages.find((one) => one.id === id);
  }
}

function parseLine(line: string): Message[] {
  try {
    const parsed = message.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}
