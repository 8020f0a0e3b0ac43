// How far somebody has come in their first minutes, told from what is there and not from what was clicked.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { newestQuery } from '../../api/queries/history.ts';
import { keysQuery } from '../../api/queries/keys.ts';
import { accountQuery, meQuery } from '../../api/queries.ts';
import type { SchemaApiKey } from '../../api/schema.d.ts';
import type { Context } from '../../context.ts';

export interface Progress {
  readonly hasKey: boolean;
  readonly hasCredit: boolean;
  /** A key of theirs to try it with. */
  readonly apiKey: SchemaApiKey | undefined;
}

const REMEMBERED = 'coffer.first-run.';

/**
 * The progress in this context; undefined where there is nothing to guide through: the first request was sent, the
 * guide was hidden, or it is not known yet. That it is over is remembered, so that nothing is read for it any more.
 */
export function useProgress(context: Context): { progress: Progress | undefined; hide: () => void } {
  const { accountId, organizationId } = context;
  const [isOver, setOver] = useState(() => localStorage.getItem(REMEMBERED + accountId) !== null);
  const { data: me } = useQuery(meQuery);
  // who has an organization is guided there, and not towards a balance of their own as well
  const isElsewhere = organizationId === undefined && (me?.organizations.length ?? 0) > 0;
  const enabled = !isOver && !isElsewhere;
  const account = useQuery({ ...accountQuery(accountId), enabled });
  const keys = useInfiniteQuery({ ...keysQuery(accountId, undefined), enabled });
  const usage = useQuery({ ...newestQuery(accountId, { type: 'usage' }), enabled });
  const over = () => {
    localStorage.setItem(REMEMBERED + accountId, 'over');
    setOver(true);
  };

  const found = keys.data?.pages.flatMap(({ items }) => items);
  const hasUsage = (usage.data?.items.length ?? 0) > 0;
  // a request takes a key and credit, so whoever has sent one has come through
  useEffect(() => {
    if (enabled && hasUsage) localStorage.setItem(REMEMBERED + accountId, 'over');
  }, [enabled, hasUsage, accountId]);

  if (!enabled || me === undefined || account.data === undefined || found === undefined || !usage.data)
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
