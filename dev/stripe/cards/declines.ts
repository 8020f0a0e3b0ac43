// Why an issuer (or Radar) refuses a card, with the words and codes Stripe answers for each.
export interface Decline {
  code: string;
  declineCode: string;
  adviceCode: string | null;
  networkDeclineCode: string | null;
  message: string;
  blocked: boolean;
}

interface Words {
  code?: string;
  adviceCode?: string;
  message?: string;
}

const DECLINED = 'Your card was declined.';
const RETRY: Words = { adviceCode: 'try_again_later' };
const NEVER: Words = { adviceCode: 'do_not_try_again' };

const WORDS: Record<string, Words> = {
  generic_decline: RETRY,
  insufficient_funds: { ...RETRY, message: 'Your card has insufficient funds.' },
  lost_card: NEVER,
  stolen_card: NEVER,
  card_velocity_exceeded: {
    ...RETRY,
    message:
      'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
  },
  expired_card: { code: 'expired_card', adviceCode: 'confirm_card_data', message: 'Your card has expired.' },
  incorrect_cvc: {
    code: 'incorrect_cvc',
    adviceCode: 'confirm_card_data',
    message: "Your card's security code is incorrect.",
  },
  processing_error: {
    ...RETRY,
    code: 'processing_error',
    message: 'An error occurred while processing your card. Try again in a little bit.',
  },
  authentication_required: {
    code: 'authentication_required',
    message: 'Your card was declined. This transaction requires authentication.',
  },
};

/** The decline for a decline code; `overrides` give what a test wants said instead. */
export function declineFor(
  declineCode: string,
  overrides: { code?: string | undefined; adviceCode?: string | null | undefined } = {},
): Decline {
  const words = WORDS[declineCode] ?? {};
  return {
    code: overrides.code ?? words.code ?? 'card_declined',
    declineCode,
    adviceCode: overrides.adviceCode === undefined ? (words.adviceCode ?? null) : overrides.adviceCode,
    networkDeclineCode: declineCode === 'authentication_required' ? null : '01',
    message: words.message ?? DECLINED,
    blocked: false,
  };
}

/** Radar refuses the payment before it reaches the network. */
export const BLOCKED: Decline = {
  code: 'card_declined',
  declineCode: 'fraudulent',
  adviceCode: null,
  networkDeclineCode: null,
  message: DECLINED,
  blocked: true,
};

const NOT_AUTHENTICATED = {
  declineCode: '',
  adviceCode: null,
  networkDeclineCode: null,
  message:
    'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
  blocked: false,
};

/** The person failed 3D Secure. */
export const AUTHENTICATION_FAILED = {
  payment: { ...NOT_AUTHENTICATED, code: 'payment_intent_authentication_failure' },
  setup: { ...NOT_AUTHENTICATED, code: 'setup_intent_authentication_failure' },
};
