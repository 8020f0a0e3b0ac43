// What a role may do, as far as the console offers it; the API decides again on every request.
import type { Context } from './contexts.ts';

/** Whether somebody manages the people, keys and rules of the context. */
export const isSteward = ({ role }: Pick<Context, 'role'>) => role === 'owner' || role === 'admin';
