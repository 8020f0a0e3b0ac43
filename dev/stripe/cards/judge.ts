// What happens when a card is charged: the test card's own behaviour, or what a test asked for next.
import type Stripe from 'stripe';
import type { Wish } from '../core/persisted-list.ts';
import { idOf } from '../core/refs.ts';
import type { World } from '../core/world.ts';
import type { PaymentMethodHidden } from '../objects/payment-method.ts';
import { type Decline, declineFor } from './declines.ts';
import { cardByNumber } from './test-cards.ts';

/** A wish about the next charges of one card, fingerprint or customer. */
export interface NextOutcome extends Wish {
  paymentMethod?: string | undefined;
  fingerprint?: string | undefined;
  customer?: string | undefined;
  outcome: 'succeeded' | 'declined' | 'requires_action' | 'processing';
  code?: string | undefined;
  declineCode?: string | undefined;
  adviceCode?: string | null | undefined;
  /** Of `processing`: the decline code it ends in; it succeeds without one. */
  endsIn?: string | undefined;
  /** Of `processing`: how long it takes, on the sandbox clock. */
  afterSeconds?: number | undefined;
}

export type Verdict =
  | { kind: 'approved' }
  | { kind: 'declined'; decline: Decline }
  | { kind: 'needs_authentication' }
  | { kind: 'processing'; endsIn: string | null; afterSeconds: number };

export interface Circumstances {
  offSession: boolean;
  /** The person has just passed 3D Secure for this payment. */
  authenticated: boolean;
  customer: string | null;
}

/** The fate of a charge on `method`; uses up one wish when one applies. */
export function judge(
  world: World,
  method: Stripe.PaymentMethod,
  hidden: PaymentMethodHidden,
  circumstances: Circumstances,
): Verdict {
  const wish = world.nextOutcomes.take((item) => concerns(item, method, circumstances.customer));
  if (wish !== undefined) return wished(wish);
  const card = cardByNumber(hidden.number);
  const asks = card.authentication === 'always' || (card.authentication === 'until_set_up' && !hidden.setUp);
  if (circumstances.offSession && card.charge !== null) return { kind: 'declined', decline: card.charge };
  if (asks && !circumstances.authenticated) {
    return circumstances.offSession
      ? { kind: 'declined', decline: declineFor('authentication_required') }
      : { kind: 'needs_authentication' };
  }
  return card.charge === null ? { kind: 'approved' } : { kind: 'declined', decline: card.charge };
}

function concerns(item: NextOutcome, method: Stripe.PaymentMethod, customer: string | null): boolean {
  if (item.paymentMethod !== undefined && item.paymentMethod !== method.id) return false;
  if (item.fingerprint !== undefined && item.fingerprint !== method.card?.fingerprint) return false;
  return item.customer === undefined || item.customer === (customer ?? idOf(method.customer));
}

function wished(wish: NextOutcome): Verdict {
  switch (wish.outcome) {
    case 'succeeded':
      return { kind: 'approved' };
    case 'requires_action':
      return { kind: 'needs_authentication' };
    case 'processing':
      return { kind: 'processing', endsIn: wish.endsIn ?? null, afterSeconds: wish.afterSeconds ?? 3 };
    case 'declined': {
      const declineCode = wish.declineCode ?? wish.code ?? 'generic_decline';
      return {
        kind: 'declined',
        decline: declineFor(declineCode, { code: wish.code, adviceCode: wish.adviceCode }),
      };
    }
    default:
      return wish.outcome satisfies never;
  }
}
