// What happens before the app is there: the colour scheme is set, and what the first page needs is on its way.
import type { SchemaWhoIsSignedIn } from '../api/schema.d.ts';
import { contextsOf, rememberedContext } from '../contexts.ts';
import { isFirstRunOver } from '../pages/first-run/first-run-over.ts';
import { beginRead } from './first-reads.ts';

setColorScheme();
const [isSignedIn, key, page] = /^\/$|^\/accounts\/([^/]+)\/(\w+)$/.exec(location.pathname) ?? [];
if (isSignedIn !== undefined) {
  document.documentElement.dataset['page'] = 'account';
  preloadFiles();
  readFirst(page ?? 'billing').catch(() => undefined);
}

/** Before the first paint, so that a dark page never flashes white. */
function setColorScheme(): void {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem('mantine-color-scheme-value');
  } catch {
    // without storage the system's scheme is the one
  }
  const isDark =
    chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', isDark ? 'dark' : 'light');
}

/** The scripts of the pages of an account; the tag of this script names them. */
function preloadFiles(): void {
  for (const file of document.currentScript?.dataset['files']?.split(' ') ?? []) {
    const link = document.createElement('link');
    link.rel = 'modulepreload';
    link.crossOrigin = '';
    link.href = file;
    document.head.append(link);
  }
}

/** The same reads that the frame and Billing begin with; for who is not signed in that is the first of them alone. */
async function readFirst(page: string): Promise<void> {
  const isBilling = page === 'billing';
  const answer = await beginRead('/v1/session');
  if (!answer.ok) return;
  // the app reads the answer itself
  const { person: me }: SchemaWhoIsSignedIn = await answer.clone().json();
  if (me === null) return;
  const wanted = key === undefined ? rememberedContext(me) : decodeURIComponent(key);
  const context = contextsOf(me).find((one) => one.key === wanted);
  void beginRead('/v1/me/invitations');
  if (context === undefined) return;
  const account = `/v1/accounts/${context.accountId}`;
  void beginRead(account);
  if (!isBilling) return;
  void beginRead(`${account}/top-ups?limit=20`);
  void beginRead('/v1/me/payment-methods');
  if (context.organizationId !== undefined) void beginRead(`${account}/contributions`);
  if (!isFirstRunOver(me, context)) void beginRead(`${account}/transactions?type=usage&limit=1`);
}
