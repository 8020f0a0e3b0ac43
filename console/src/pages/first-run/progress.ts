// How far somebody has come in their first minutes, told from what is there and not from what was clicked.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { anyUsageQuery } from '../../api/queries/history.ts';
import { keysQuery } from '../../api/queries/keys.ts';
import { accountQuery, meQuery } from '../../api/queries.ts';
import type { SchemaApiKey } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { endFirstRun, isFirstRunOver } from './first-run-over.ts';

export interface Progress {
  readonly hasKey: boolean;
  readonly hasCredit: boolean;
  /** A key of theirs to try it with. */
  readonly apiKey: SchemaApiKey | undefined;
}

/**
 * The progress in this context; undefined where there is nothing to guide through: the first request was sent, the
 * guide was hidden, or it is not known yet. That it is over is remembered, so that nothing is read for it any more.
 */
export function useProgress(context: Context): { progress: Progress | undefined; hide: () => void } {
  const { accountId } = context;
  const [isHidden, setHidden] = useState(false);
  const { data: me } = useQuery(meQuery);
  const enabled = me !== undefined && !isHidden && !isFirstRunOver(me, context);
  const account = useQuery({ ...accountQuery(accountId), enabled });
  const usage = useQuery({ ...anyUsageQuery(accountId), enabled });
  const hasUsage = (usage.data?.items.length ?? 0) > 0;
  const keys = useInfiniteQuery({
    ...keysQuery(accountId, undefined),
    enabled: enabled && usage.isSuccess && !hasUsage,
  });
  const over = () => {
    endFirstRun(accountId);
    setHidden(true);
  };

  const found = keys.data?.pages.flatMap(({ items }) => items);
  // a request takes a key and credit, so whoever has sent one has come through
  useEffect(() => {
    if (enabled && hasUsage) endFirstRun(accountId);
  }, [enabled, hasUsage, accountId]);

  if (!enabled || account.data === undefined || found === undefined || !usage.data)
    return { progress: undefined, hide: over };
  if (hasUsage || account.data.state === 'closed' || account.data.state === 'frozen')
    return { progress: undefined, hide: over };
  const active = found.filter(({ state }) => state === 'active');
  const progress = {
    hasKey: found.length > 0,
    hasCredit: /[1-9]/.test(account.data.balance),
    apiKey: active.find(({ member }) => member.id === me.id) ?? active[0],
  };
  return { progress, hide: over };
}
