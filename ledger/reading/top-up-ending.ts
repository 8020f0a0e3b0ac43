// The ending of a top-up that came to nothing: why, in the few words that its payer is told.

export const topUpEndings = [
  'expired',
  'declined',
  'confirmation-needed',
  'set-aside',
  'never-arrived',
  'not-opened',
  'not-needed',
  'cap-reached',
  'called-off',
] as const;

export type TopUpEnding = (typeof topUpEndings)[number];

const ENDINGS: Readonly<Record<string, TopUpEnding>> = {
  expired: 'expired',
  soft: 'declined',
  hard: 'declined',
  'card-data': 'declined',
  'rate-limit': 'declined',
  'payment-failed': 'declined',
  authentication: 'confirmation-needed',
  quarantined: 'set-aside',
  'never-sent': 'never-arrived',
  'not-opened': 'not-opened',
  'checkout-refused': 'not-opened',
  recovered: 'not-needed',
  'cap-reached': 'cap-reached',
};

/** What a stored reason comes to; whatever else ended it, such as a rule that changed meanwhile, called it off. */
export function endingOf(reason: string): TopUpEnding {
  return ENDINGS[reason] ?? 'called-off';
}
