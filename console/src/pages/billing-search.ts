// What the address of Billing says beside the account: from which hosted page one comes back, and what is open.
import { isId, textOf } from '../parts/search.ts';

export interface BillingSearch {
  /** The top-up from whose payment page one came back. */
  readonly topUp?: string;
  /** One turned back there without paying. */
  readonly cancelled?: true;
  /** One came back from saving a card, with or without it. */
  readonly cardSaved?: boolean;
  /** The form for adding credit is open. */
  readonly add?: true;
  /** The form of auto top-up is open. */
  readonly auto?: true;
  /** The top-up whose details are open. */
  readonly show?: string;
}

export function readBillingSearch(search: Record<string, unknown>): BillingSearch {
  const [topUp, show] = [textOf(search['topUp']), textOf(search['show'])];
  return {
    ...(isId(topUp) && { topUp }),
    ...(search['cancelled'] === true && { cancelled: true }),
    ...readHomeSearch(search),
    ...(search['add'] === true && { add: true }),
    ...(search['auto'] === true && { auto: true }),
    ...(isId(show) && { show }),
  };
}

/** The console's own address is where people land who saved a card: it goes on to the account they were looking at. */
export function readHomeSearch(search: Record<string, unknown>): Pick<BillingSearch, 'cardSaved'> {
  const { cardSaved } = search;
  return typeof cardSaved === 'boolean' ? { cardSaved } : {};
}
