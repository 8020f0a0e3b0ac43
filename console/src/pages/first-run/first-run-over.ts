// Whether somebody is guided through their first minutes in a context; that it is over is remembered, so that nothing is read for it any more.
import type { SchemaMe } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';

const REMEMBERED = 'coffer.first-run.';

/** Whether there is no guide here, as far as is known without asking. */
export function isFirstRunOver(me: SchemaMe, { accountId, organizationId }: Context): boolean {
  // who has an organization is guided there, and not towards a balance of their own as well
  const isElsewhere = organizationId === undefined && me.organizations.length > 0;
  return isElsewhere || localStorage.getItem(REMEMBERED + accountId) !== null;
}

/** Ends the guide of an account in this browser. */
export const endFirstRun = (accountId: string) => localStorage.setItem(REMEMBERED + accountId, 'over');
