// The console's files: the page for every address that is nobody else's, and its scripts, which never change under a name.
import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
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
  const assets = join(directory, 'assets');
  const router = Router();
  router.use(
    '/assets',
    compressed(assets),
    express.static(assets, { immutable: true, maxAge: '365d', index: false, redirect: false }),
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

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** Compressed forms by what a browser calls them, the smaller one first. */
const FORMS: Readonly<Record<string, string>> = { br: '.br', gzip: '.gz' };

/** Where the build has put a file's compressed forms beside it, one of them travels to whoever can read it. */
function compressed(directory: string): RequestHandler {
  const files = new Set(existsSync(directory) ? readdirSync(directory) : []);
  return (request, response, next) => {
    const type = TYPES[extname(request.path)];
    const file = request.path.slice(1);
    const offered = Object.keys(FORMS).filter((encoding) => files.has(file + FORMS[encoding]));
    if (type !== undefined && offered.length > 0) {
      response.vary('accept-encoding');
      const encoding = offered.find((one) => request.acceptsEncodings(one) !== false);
      if (encoding !== undefined) {
        request.url = `/${file}${FORMS[encoding]}`;
        response.set({ 'content-encoding': encoding, 'content-type': type });
      }
    }
    next();
  };
}
