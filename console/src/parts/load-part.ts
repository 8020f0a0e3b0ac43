// Parts of the console are loaded when they are first opened: what that means while the server is away.
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
