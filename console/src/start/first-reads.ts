// The first reads: begun by the start script while the app is still on its way, and taken by its client when it asks.

declare global {
  interface Window {
    /** Answers on their way, by path and query; each is taken once. */
    cofferFirstReads?: Map<string, Promise<Response>>;
  }
}

/** Asks for something that the first page is going to ask for. */
export function beginRead(path: string): Promise<Response> {
  const answer = readWhole(path);
  // whoever takes it sees the failure
  answer.catch(() => undefined);
  window.cofferFirstReads ??= new Map();
  window.cofferFirstReads.set(path, answer);
  return answer;
}

/** An answer that is read to its end at once: one that waits to be read holds its connection. */
async function readWhole(path: string): Promise<Response> {
  const answer = await fetch(path, { credentials: 'same-origin' });
  return new Response(await answer.arrayBuffer(), answer);
}

/** As `fetch`, but an answer that is on its way already is not asked for again. */
export function fetchOnce(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const begun = request.method === 'GET' ? window.cofferFirstReads?.get(pathname + search) : undefined;
  if (begun === undefined) return fetch(request);
  window.cofferFirstReads?.delete(pathname + search);
  return begun.catch(() => fetch(request));
}

/** From here on everything is asked for anew. */
export function endFirstReads(): void {
  delete window.cofferFirstReads;
}
