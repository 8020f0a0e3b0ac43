// The router: every address of the console, who may open it, and the page behind it, loaded when it is first opened.
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  parseSearchWith,
  redirect,
} from '@tanstack/react-router';
import { ProblemError } from './api/problem.ts';
import { readBilling } from './api/queries/billing.ts';
import { accountQuery, meQuery, waitingInvitationsQuery } from './api/queries.ts';
import { contextsOf, rememberedContext } from './contexts.ts';
import { Root } from './frame/Root.tsx';
import { readAuditSearch } from './pages/audit/audit-search.ts';
import { readBillingSearch, readHomeSearch } from './pages/billing-search.ts';
import { LoadFailed, NoSuchPage } from './pages/Failures.tsx';
import { readStatementSearch } from './pages/statement/statement-search.ts';
import { readTransactionSearch } from './pages/transaction-search.ts';
import { readUsageSearch } from './pages/usage/usage-search.ts';
import { loadPart } from './parts/load-part.ts';
import { localPath } from './session/local-path.ts';

/** A page, loaded when it is first opened. */
const page: typeof lazyRouteComponent = (load, name) => lazyRouteComponent(() => loadPart(load), name);

interface RouterContext {
  readonly queryClient: QueryClient;
}

const root = createRootRouteWithContext<RouterContext>()({ component: Root, notFoundComponent: NoSuchPage });

/** Signed-in people go to where they were; everybody else signs in first and comes back. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  beforeLoad: async ({ context, location }) => {
    try {
      const me = await context.queryClient.ensureQueryData(meQuery);
      return { me };
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401)
        throw redirect({ to: '/sign-in', search: { next: location.href } });
      throw error;
    }
  },
  loader: ({ context: { queryClient } }) => void queryClient.prefetchQuery(waitingInvitationsQuery),
  component: page(() => import('./frame/Frame.tsx'), 'Frame'),
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

/** What is read is on its way while the page itself is; none of it is waited for. */
const account = createRoute({
  getParentRoute: () => signedIn,
  path: '/accounts/$context',
  loader: ({ context: { me, queryClient }, params }) => {
    const context = contextsOf(me).find(({ key }) => key === params.context);
    if (context !== undefined) void queryClient.prefetchQuery(accountQuery(context.accountId));
  },
});

const billing = createRoute({
  getParentRoute: () => account,
  path: '/billing',
  validateSearch: readBillingSearch,
  loader: ({ context: { me, queryClient }, params }) => {
    const context = contextsOf(me).find(({ key }) => key === params.context);
    if (context !== undefined) readBilling(queryClient, me, context);
  },
  component: page(() => import('./pages/Billing.tsx'), 'Billing'),
});

const transactions = createRoute({
  getParentRoute: () => account,
  path: '/transactions',
  validateSearch: readTransactionSearch,
  component: page(() => import('./pages/Transactions.tsx'), 'Transactions'),
});

const statement = createRoute({
  getParentRoute: () => account,
  path: '/statement',
  validateSearch: readStatementSearch,
  component: page(() => import('./pages/Statement.tsx'), 'Statement'),
});

const usage = createRoute({
  getParentRoute: () => account,
  path: '/usage',
  validateSearch: readUsageSearch,
  component: page(() => import('./pages/Usage.tsx'), 'Usage'),
});

const keys = createRoute({
  getParentRoute: () => account,
  path: '/keys',
  component: page(() => import('./pages/Keys.tsx'), 'Keys'),
});

const team = createRoute({
  getParentRoute: () => account,
  path: '/team',
  component: page(() => import('./pages/Team.tsx'), 'Team'),
});

const audit = createRoute({
  getParentRoute: () => account,
  path: '/audit',
  validateSearch: readAuditSearch,
  component: page(() => import('./pages/Audit.tsx'), 'Audit'),
});

const newOrganization = createRoute({
  getParentRoute: () => signedIn,
  path: '/new-organization',
  component: page(() => import('./pages/NewOrganization.tsx'), 'NewOrganization'),
});

const settings = createRoute({
  getParentRoute: () => signedIn,
  path: '/settings',
  component: page(() => import('./pages/Settings.tsx'), 'Settings'),
});

/** Where to go afterwards, if it is a page of ours. */
const readNext = (search: Record<string, unknown>): { next?: string } => {
  const next = localPath(search['next']);
  return next === undefined ? {} : { next };
};

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string; ended?: true } => ({
    ...readNext(search),
    ...(search['ended'] === true && { ended: true }),
  }),
  component: page(() => import('./pages/SignIn.tsx'), 'SignIn'),
});

const signUp = createRoute({
  getParentRoute: () => root,
  path: '/sign-up',
  validateSearch: (search: Record<string, unknown>): { next?: string; email?: string } => ({
    ...readNext(search),
    ...(typeof search['email'] === 'string' && { email: search['email'] }),
  }),
  component: page(() => import('./pages/SignUp.tsx'), 'SignUp'),
});

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  component: page(() => import('./pages/ForgotPassword.tsx'), 'ForgotPassword'),
});

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/sign-in/new-password',
  validateSearch: (search: Record<string, unknown>): { token?: string } =>
    typeof search['token'] === 'string' ? { token: search['token'] } : {},
  component: page(() => import('./pages/ResetPassword.tsx'), 'ResetPassword'),
});

/** What a mailed link carries: its token, and where it leads on to. */
const confirm = createRoute({
  getParentRoute: () => root,
  path: '/sign-in/confirm',
  validateSearch: (search: Record<string, unknown>): { token?: string; callbackURL?: string } => ({
    ...(typeof search['token'] === 'string' && { token: search['token'] }),
    ...(typeof search['callbackURL'] === 'string' && { callbackURL: search['callbackURL'] }),
  }),
  component: page(() => import('./pages/ConfirmAddress.tsx'), 'ConfirmAddress'),
});

const confirmed = createRoute({
  getParentRoute: () => root,
  path: '/sign-in/confirmed',
  component: page(() => import('./pages/ConfirmAddress.tsx'), 'Confirmed'),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitations/$secret',
  component: page(() => import('./pages/Invitation.tsx'), 'Invitation'),
});

const routeTree = root.addChildren([
  signedIn.addChildren([
    home,
    settings,
    newOrganization,
    account.addChildren([billing, transactions, statement, usage, keys, team, audit]),
  ]),
  signIn,
  signUp,
  forgotPassword,
  resetPassword,
  confirm,
  confirmed,
  invitation,
]);

/** A value of an address: what was quoted there is the text within, and all else is what it says. */
const readValue = (text: string): unknown => (text.startsWith('"') ? JSON.parse(text) : text);

/** The console's router over one cache of queries. */
export function createConsoleRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: 'intent',
    defaultErrorComponent: LoadFailed,
    scrollRestoration: true,
    pathParamsAllowedCharacters: ['@'],
    parseSearch: parseSearchWith(readValue),
    // what a page does not read out of its address is not in its search: an address of another site never is
    search: { strict: true },
  });
}
