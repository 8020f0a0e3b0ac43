// Free ports on this machine: a port that was used before is taken again when it is still free.
import { createServer } from 'node:net';

/** Whether something could listen on this port of 127.0.0.1 now. */
export async function isFree(port: number): Promise<boolean> {
  return (await tryListening(port)) !== undefined;
}

/** The preferred port if it is free, else one that the system picks; never one of `taken`. */
export async function freePort(preferred?: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  if (preferred !== undefined && !taken.has(preferred) && (await isFree(preferred))) return preferred;
  for (;;) {
    const port = await tryListening(0);
    if (port !== undefined && !taken.has(port)) return port;
  }
}

function tryListening(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1' }, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : undefined));
    });
  });
}
