// Where to go after signing in: only ever a page of this console.

/** `next` if it is a path here; an address of another site, also one in disguise, is nothing. The API judges alike. */
export function localPath(next: unknown): string | undefined {
  if (typeof next !== 'string' || !/^\/(?![/\\])[^\\\s\p{Cc}]*$/u.test(next)) return undefined;
  if (/%(2f|5c)/i.test(next.split(/[?#]/, 1)[0] ?? '')) return undefined;
  const url = new URL(next, 'https://console.invalid');
  return url.host === 'console.invalid' ? url.pathname + url.search + url.hash : undefined;
}
