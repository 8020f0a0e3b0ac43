// The context of the page: whose balance one looks at, named in the address.
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { meQuery } from './api/queries.ts';
import { type Context, contextsOf, rememberedContext } from './contexts.ts';

/** The context of the page, or the last one where the page has none; undefined for one that is not mine to see. */
export function useContext(): Context | undefined {
  const { context } = useParams({ strict: false });
  const { data: me } = useQuery(meQuery);
  if (me === undefined) return undefined;
  const key = context ?? rememberedContext(me);
  return contextsOf(me).find((one) => one.key === key);
}

/** The context within a page of an account, where the frame has made sure that there is one. */
export function useAccountContext(): Context {
  const context = useContext();
  if (context === undefined) throw new Error('a page of an account was shown without one');
  return context;
}
