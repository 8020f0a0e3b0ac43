// The console's first file: providers around the router, and nothing else.
import '@mantine/core/styles.layer.css';
import '@mantine/notifications/styles.layer.css';
import './styles.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ProblemError } from './api/problem.ts';
import { createConsoleRouter } from './router.tsx';
import { theme } from './theme.ts';

/** A session that has ended leads to sign-in and back to the same place; what was typed is kept by the forms. */
function signInAgain(error: Error): void {
  const { matches, location } = router.state;
  // every query on its way is refused, and only the first of them finds the page still where it was
  const isInside =
    matches.some(({ routeId }) => routeId === '/signed-in') && location.pathname !== '/sign-in';
  if (isInside && error instanceof ProblemError && error.code === 'unauthenticated')
    void router.navigate({ to: '/sign-in', search: { next: location.href, ended: true } });
}

const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: signInAgain }),
  mutationCache: new MutationCache({ onError: signInAgain }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => failures < 2 && !(error instanceof ProblemError && error.status < 500),
    },
  },
});
const router = createConsoleRouter(queryClient);

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <MantineProvider theme={theme} defaultColorScheme="auto">
          <Notifications position="top-center" />
          <RouterProvider router={router} />
        </MantineProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
