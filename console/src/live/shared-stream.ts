// One stream for all windows of a browser: it opens six connections to a site over HTTP/1.1 and no more, so one window listens and tells the others.

const EVENTS = ['balance', 'entry', 'top-up'] as const;

/** What is heard of an account's stream. `opened` says whether something may have happened unheard before. */
export type Heard =
  | { readonly what: 'opened'; readonly mayHaveMissed: boolean }
  | { readonly what: 'lost' }
  | { readonly what: 'event'; readonly name: (typeof EVENTS)[number]; readonly data: string };

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
/** What a window reads when it begins is read about now. */
const JUST_READ_MS = 1_000;

/**
 * Tells `hear` of an account's events until the function returned is called. Whoever holds a lock listens for all; when
 * that window closes or its stream breaks, the next one in the queue goes on at once, so that nobody waits for the slow
 * timers of a hidden window.
 */
export function shareStream(accountId: string, hear: (heard: Heard) => void): () => void {
  let leave = join(accountId, hear, performance.now() + JUST_READ_MS);
  const back = ({ persisted }: PageTransitionEvent) => {
    if (persisted) leave = join(accountId, hear, 0);
  };
  // a page that holds a lock or a stream is not kept for the way back
  const away = () => leave();
  window.addEventListener('pagehide', away);
  window.addEventListener('pageshow', back);
  return () => {
    window.removeEventListener('pagehide', away);
    window.removeEventListener('pageshow', back);
    leave();
  };
}

function join(accountId: string, hear: (heard: Heard) => void, justReadUntilMs: number): () => void {
  const name = `coffer.live.${accountId}`;
  const end = new AbortController();
  const channel = new BroadcastChannel(name);
  channel.addEventListener('message', ({ data }: MessageEvent<Heard>) => hear(data));
  const tell = (heard: Heard) => {
    if (end.signal.aborted) return;
    channel.postMessage(heard);
    hear(heard.what === 'opened' ? { ...heard, mayHaveMissed: performance.now() > justReadUntilMs } : heard);
  };
  void listenInTurn(name, `/v1/accounts/${accountId}/events`, tell, end.signal);
  return () => {
    end.abort();
    channel.close();
  };
}

/** Listens whenever it is this window's turn; after a loss it queues again a little later, each time a little more so. */
async function listenInTurn(
  lock: string,
  address: string,
  tell: (heard: Heard) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let waitMs = FIRST_WAIT_MS; !signal.aborted; ) {
    const opened = await inTurn(lock, signal, () => listen(address, tell, signal)).catch(() => false);
    waitMs = opened ? FIRST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS);
    await pause(waitMs, signal);
  }
}

/** A window that knows no locks, as on a plain http address of another host, listens for itself. */
async function inTurn<T>(lock: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return 'locks' in navigator ? await navigator.locks.request(lock, { signal }, work) : await work();
}

/** One connection, from its beginning to its loss or to the end of all; says whether it was ever open. */
function listen(address: string, tell: (heard: Heard) => void, signal: AbortSignal): Promise<boolean> {
  return new Promise((done) => {
    const source = new EventSource(address);
    let opened = false;
    const over = () => {
      source.close();
      done(opened);
    };
    signal.addEventListener('abort', over, { once: true });
    source.addEventListener('open', () => {
      opened = true;
      tell({ what: 'opened', mayHaveMissed: true });
    });
    for (const name of EVENTS) {
      source.addEventListener(name, ({ data }: MessageEvent<string>) => tell({ what: 'event', name, data }));
    }
    // the browser's own retry gives up after an answer of 4xx or 5xx, and keeps the lock; ours goes on
    source.addEventListener('error', () => {
      tell({ what: 'lost' });
      over();
    });
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });
}
