// The router: every address of the console, who may open it, and the page behind it, loaded when it is first opened.
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { ProblemError } from './api/problem.ts';
import { meQuery } from './api/queries.ts';
import { rememberedContext } from './context.ts';
import { readBillingSearch, readHomeSearch } from './pages/billing-search.ts';
import { LoadFailed, NotFound } from './pages/Failures.tsx';
import { readTransactionSearch } from './pages/transaction-search.ts';
import { localPath } from './session/local-path.ts';

interface RouterContext {
  readonly queryClient: QueryClient;
}

const root = createRootRouteWithContext<RouterContext>()({ component: Outlet, notFoundComponent: NotFound });

/** Signed-in people go to where they were; everybody else signs in first and comes back. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  beforeLoad: async ({ context, location }) => {
    try {
      return { me: await context.queryClient.ensureQueryData(meQuery) };
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401)
        throw redirect({ to: '/sign-in', search: { next: location.href } });
      throw error;
    }
  },
  component: lazyRouteComponent(() => import('./frame/Frame.tsx'), 'Frame'),
});

const home = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  validateSearch: readHomeSearch,
  beforeLoad: ({ context, search }) => {
    const params = { context: rememberedContext(context.me) };
    throw redirect({ to: '/accounts/$context/billing', params, search });
  },
});

const account = createRoute({ getParentRoute: () => signedIn, path: '/accounts/$context' });

const billing = createRoute({
  getParentRoute: () => account,
  path: '/billing',
  validateSearch: readBillingSearch,
  component: lazyRouteComponent(() => import('./pages/Billing.tsx'), 'Billing'),
});

const transactions = createRoute({
  getParentRoute: () => account,
  path: '/transactions',
  validateSearch: readTransactionSearch,
  component: lazyRouteComponent(() => import('./pages/Transactions.tsx'), 'Transactions'),
});

const keys = createRoute({
  getParentRoute: () => account,
  path: '/keys',
  component: lazyRouteComponent(() => import('./pages/Keys.tsx'), 'Keys'),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string } => {
    const next = localPath(search['next']);
    return next === undefined ? {} : { next };
  },
  component: lazyRouteComponent(() => import('./pages/SignIn.tsx'), 'SignIn'),
});

const routeTree = root.addChildren([
  signedIn.addChildren([home, account.addChildren([billing, transactions, keys])]),
  signIn,
]);

/** The console's router over one cache of queries. */
export function createConsoleRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: 'intent',
    defaultErrorComponent: LoadFailed,
    scrollRestoration: true,
  });
}
