// The console's first file: providers around the router, and nothing else.
import '@mantine/core/styles.layer.css';
import './styles.css';
import { MantineProvider } from '@mantine/core';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ProblemError } from './api/problem.ts';
import { NoticeStack } from './frame/NoticeStack.tsx';
import { whenIdle } from './parts/opening.ts';
import { createConsoleRouter } from './router.tsx';
import { keepToOnePerson } from './session/one-person.ts';
import { isSignedIn } from './session/session.ts';
import { firstAnswers } from './start/first-answers.ts';
import { endFirstReads } from './start/first-reads.ts';
import { theme } from './theme.ts';

/** A session that has ended leads to sign-in and back to the same place; what was read goes, what was typed is kept by the forms. */
async function signInAgain(error: Error): Promise<void> {
  if (!(error instanceof ProblemError) || error.code !== 'unauthenticated' || !isInside()) return;
  if (await isSignedIn()) {
    await queryClient.refetchQueries({ predicate: ({ state }) => state.status === 'error' });
    return;
  }
  // every query on its way is refused, and only the first of them finds the page still where it was
  if (!isInside()) return;
  await router.navigate({
    to: '/sign-in',
    search: { next: router.state.location.href, ended: true },
    replace: true,
  });
  queryClient.clear();
}

function isInside(): boolean {
  const { matches, location } = router.state;
  return matches.some(({ routeId }) => routeId === '/signed-in') && location.pathname !== '/sign-in';
}

const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: (error) => void signInAgain(error) }),
  mutationCache: new MutationCache({ onError: (error) => void signInAgain(error) }),
  defaultOptions: {
    // what a write was answered with, a key's secret among it, goes with the form that asked; what cannot be sent now
    // is told at once, and never sent later by itself
    mutations: { gcTime: 0, networkMode: 'always' },
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => failures < 2 && !(error instanceof ProblemError && error.status < 500),
    },
  },
});
const router = createConsoleRouter(queryClient);
keepToOnePerson(queryClient);

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

const root = document.getElementById('root');
if (root !== null) void show(root);

/** An address is read as it stands until the router is drawn, which takes out what means nothing; this page loads before. */
function dropNonsense(): void {
  const { publicHref, pathname } = router.latestLocation;
  const clean = router.buildLocation({
    to: pathname,
    search: true,
    params: true,
    hash: true,
    state: true,
    _includeValidateSearch: true,
  });
  if (clean.publicHref !== publicHref) router.history.replace(clean.publicHref, clean.state);
}

/** Until there is something to show, the page's own picture of the frame stands. */
async function show(root: HTMLElement): Promise<void> {
  dropNonsense();
  await router.load();
  await firstAnswers(queryClient);
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <MantineProvider theme={theme} defaultColorScheme="auto">
          <NoticeStack />
          <RouterProvider router={router} />
        </MantineProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
  whenIdle(endFirstReads);
}
