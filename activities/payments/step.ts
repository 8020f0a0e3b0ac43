// Steps of a top-up: what one look at it found, and what its workflow reads of that.

export type TopUpStep =
  | { readonly kind: 'over'; readonly state: 'paid' | 'not-completed' }
  /** Stripe took the money; it is still to be settled. */
  | { readonly kind: 'paid'; readonly paymentIntentId: string }
  | { readonly kind: 'later'; readonly afterMs: number };

/** A step with what was paid credited. */
export type SettledStep = Exclude<TopUpStep, { readonly kind: 'paid' }>;
