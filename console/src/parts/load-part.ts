// Parts of the console are loaded when they are first opened: what that means while the server is away.
import { type ComponentType, lazy } from 'react';
import { Unreachable } from '../api/problem.ts';

/** A part could not be loaded because nobody answered. Only loading the page anew tries it again. */
export class PartUnreachable extends Unreachable {}

/** Whether the server answers at all. */
export const isReachable = () =>
  fetch('/healthz', { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  );

/** Loads a part. One that a newer version has replaced fails as it is, which makes the router load the page anew. */
export async function loadPart<M>(load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (error) {
    if (await isReachable()) throw error;
    throw new PartUnreachable();
  }
}

/** A part of a page that is loaded when it is first shown, or before that by `preload`; it needs a `Suspense` around it. */
export function lazyPart<P>(load: () => Promise<ComponentType<P>>) {
  const part = lazy(async () => ({ default: await loadPart(load) }));
  return Object.assign(part, { preload: () => void load().catch(() => undefined) });
}
