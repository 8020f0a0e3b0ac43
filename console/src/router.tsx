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
import { readAuditSearch } from './pages/audit/audit-search.ts';
import { readBillingSearch, readHomeSearch } from './pages/billing-search.ts';
import { LoadFailed, NotFound } from './pages/Failures.tsx';
import { readTransactionSearch } from './pages/transaction-search.ts';
import { readUsageSearch } from './pages/usage/usage-search.ts';
import { keepDraftsOf } from './parts/draft.ts';
import { strictly } from './parts/search.ts';
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
      const me = await context.queryClient.ensureQueryData(meQuery);
      keepDraftsOf(me.id);
      return { me };
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
  validateSearch: strictly(readHomeSearch),
  beforeLoad: ({ context, search }) => {
    const params = { context: rememberedContext(context.me) };
    throw redirect({ to: '/accounts/$context/billing', params, search });
  },
});

const account = createRoute({ getParentRoute: () => signedIn, path: '/accounts/$context' });

const billing = createRoute({
  getParentRoute: () => account,
  path: '/billing',
  validateSearch: strictly(readBillingSearch),
  component: lazyRouteComponent(() => import('./pages/Billing.tsx'), 'Billing'),
});

const transactions = createRoute({
  getParentRoute: () => account,
  path: '/transactions',
  validateSearch: strictly(readTransactionSearch),
  component: lazyRouteComponent(() => import('./pages/Transactions.tsx'), 'Transactions'),
});

const usage = createRoute({
  getParentRoute: () => account,
  path: '/usage',
  validateSearch: strictly(readUsageSearch),
  component: lazyRouteComponent(() => import('./pages/Usage.tsx'), 'Usage'),
});

const keys = createRoute({
  getParentRoute: () => account,
  path: '/keys',
  component: lazyRouteComponent(() => import('./pages/Keys.tsx'), 'Keys'),
});

const team = createRoute({
  getParentRoute: () => account,
  path: '/team',
  component: lazyRouteComponent(() => import('./pages/Team.tsx'), 'Team'),
});

const audit = createRoute({
  getParentRoute: () => account,
  path: '/audit',
  validateSearch: strictly(readAuditSearch),
  component: lazyRouteComponent(() => import('./pages/Audit.tsx'), 'Audit'),
});

const newOrganization = createRoute({
  getParentRoute: () => signedIn,
  path: '/new-organization',
  component: lazyRouteComponent(() => import('./pages/NewOrganization.tsx'), 'NewOrganization'),
});

const settings = createRoute({
  getParentRoute: () => signedIn,
  path: '/settings',
  component: lazyRouteComponent(() => import('./pages/Settings.tsx'), 'Settings'),
});

/** Where to go afterwards, if it is a page of ours. */
const readNext = (search: Record<string, unknown>): { next?: string } => {
  const next = localPath(search['next']);
  return next === undefined ? {} : { next };
};

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: strictly((search): { next?: string; ended?: true } => ({
    ...readNext(search),
    ...(search['ended'] === true && { ended: true }),
  })),
  component: lazyRouteComponent(() => import('./pages/SignIn.tsx'), 'SignIn'),
});

const signUp = createRoute({
  getParentRoute: () => root,
  path: '/sign-up',
  validateSearch: strictly((search): { next?: string; email?: string } => ({
    ...readNext(search),
    ...(typeof search['email'] === 'string' && { email: search['email'] }),
  })),
  component: lazyRouteComponent(() => import('./pages/SignUp.tsx'), 'SignUp'),
});

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  component: lazyRouteComponent(() => import('./pages/ForgotPassword.tsx'), 'ForgotPassword'),
});

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  validateSearch: strictly((search): { token?: string } =>
    typeof search['token'] === 'string' ? { token: search['token'] } : {},
  ),
  component: lazyRouteComponent(() => import('./pages/ResetPassword.tsx'), 'ResetPassword'),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitations/$secret',
  component: lazyRouteComponent(() => import('./pages/Invitation.tsx'), 'Invitation'),
});

const routeTree = root.addChildren([
  signedIn.addChildren([
    home,
    settings,
    newOrganization,
    account.addChildren([billing, transactions, usage, keys, team, audit]),
  ]),
  signIn,
  signUp,
  forgotPassword,
  resetPassword,
  invitation,
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
