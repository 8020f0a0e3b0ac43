// Where to go after signing in: only ever a page of this console.

/** `next` if it is a path here; an address of another site, also one in disguise, is nothing. */
export function localPath(next: unknown): string | undefined {
  if (typeof next !== 'string' || !next.startsWith('/')) return undefined;
  const url = new URL(next, 'https://console.invalid');
  return url.host === 'console.invalid' && !/^\/[/\\]/.test(next)
    ? url.pathname + url.search + url.hash
    : undefined;
}
