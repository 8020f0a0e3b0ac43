// What is around every page, signed in or not: nothing to see, and a voice that says which page it is.
import { Outlet } from '@tanstack/react-router';
import { PageAnnouncer } from './PageAnnouncer.tsx';

export function Root() {
  return (
    <>
      <Outlet />
      <PageAnnouncer />
    </>
  );
}
