// The console's files: the page for every address that is nobody else's, and its scripts, which never change under a name.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type RequestHandler, Router } from 'express';

const BUILT = fileURLToPath(new URL('../console/dist/', import.meta.url));

/**
 * Serves the built console: hashed files for a year, the page itself never from a cache. Addresses of pages are
 * answered with the page for whoever wants HTML; everything else goes on. Undefined when it was not built.
 */
export function consoleFiles(directory: string = BUILT): RequestHandler | undefined {
  const page = join(directory, 'index.html');
  if (!existsSync(page)) return undefined;
  const router = Router();
  router.use(
    '/assets',
    express.static(join(directory, 'assets'), {
      immutable: true,
      maxAge: '365d',
      index: false,
      redirect: false,
    }),
  );
  router.use(express.static(directory, { index: false, redirect: false, maxAge: 0 }));
  router.get('/{*page}', (request, response, next) => {
    if (request.path.startsWith('/assets/') || request.accepts(['json', 'html']) !== 'html') {
      next();
      return;
    }
    response.set('cache-control', 'no-cache').sendFile(page);
  });
  return router;
}
