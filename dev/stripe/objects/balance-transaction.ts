// Balance transactions: what a movement did to the account, with Stripe's fee.
import type Stripe from 'stripe';
import { newId } from '../core/ids.ts';

const TWO_DAYS_S = 172_800;

/** The movement of a succeeded charge; the fee is the published US card price, 2.9 % and 30 cents. */
export function buildChargeTransaction(charge: Stripe.Charge, now: number): Stripe.BalanceTransaction {
  const fee = Math.round(charge.amount * 0.029) + 30;
  return {
    id: newId('txn'),
    object: 'balance_transaction',
    amount: charge.amount,
    available_on: now + TWO_DAYS_S,
    balance_type: 'payments',
    created: now,
    currency: charge.currency,
    description: charge.description,
    exchange_rate: null,
    fee,
    fee_details: [
      {
        amount: fee,
        application: null,
        currency: charge.currency,
        description: 'Stripe processing fees',
        type: 'stripe_fee',
      },
    ],
    net: charge.amount - fee,
    reporting_category: 'charge',
    source: charge.id,
    status: 'pending',
    type: 'charge',
  };
}

/** The transaction as it reads at `now`: pending until its funds are available. */
export function viewTransaction(
  transaction: Stripe.BalanceTransaction,
  now: number,
): Stripe.BalanceTransaction {
  return { ...transaction, status: transaction.available_on <= now ? 'available' : 'pending' };
}
