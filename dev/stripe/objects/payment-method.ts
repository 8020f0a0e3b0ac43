// Cards as Stripe shows them: never a number, one fingerprint per number.
import type Stripe from 'stripe';
import type { TestCard } from '../cards/test-cards.ts';
import { fingerprintOf, newId } from '../core/ids.ts';

export interface PaymentMethodHidden {
  number: string;
  /** Authenticated for later use, so `until_set_up` cards no longer ask. */
  setUp: boolean;
  /** Detached, or paid with while unattached: Stripe lets such a card never be used again. */
  spent: boolean;
}

/** A new PaymentMethod of `card`, attached to nobody. */
export function buildPaymentMethod(
  card: TestCard,
  now: number,
  given: { email?: string | null; name?: string | null; metadata?: Record<string, string> | undefined } = {},
): Stripe.PaymentMethod {
  return {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: {
      address: { city: null, country: null, line1: null, line2: null, postal_code: null, state: null },
      email: given.email ?? null,
      name: given.name ?? null,
      phone: null,
      tax_id: null,
    },
    card: {
      brand: card.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'US',
      display_brand: card.brand === 'amex' ? 'american_express' : card.brand,
      exp_month: 12,
      exp_year: new Date(now * 1000).getUTCFullYear() + 3,
      fingerprint: fingerprintOf(card.number),
      funding: card.funding,
      generated_from: null,
      last4: card.number.slice(-4),
      networks: { available: [card.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: now,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: given.metadata ?? {},
    type: 'card',
  };
}
