// Refusals: what the rules of money say no to, by one code that travels from SQL to the problem page.

/** Every code a rule of the ledger may refuse with. SQL raises the same words; `docs/problems/<code>.md` explains them. */
export const refusalCodes = [
  'amount-malformed',
  'amount-not-in-cents',
  'amount-out-of-range',
  'account-not-found',
  'account-frozen',
  'account-closed',
  'fenced-out',
  'entry-out-of-order',
  'entry-unbalanced',
  'record-immutable',
  'price-not-ahead',
  'price-list-malformed',
  'api-key-unknown',
  'api-key-revoked',
  'api-key-expired',
  'usage-invalid',
  'usage-too-old',
  'usage-ahead-of-time',
  'usage-conflict',
  'usage-unpriced',
  'cost-not-allowed',
  'idempotency-key-reused',
  'api-key-inactive',
  'member-not-found',
  'token-expired',
  'token-revoked',
  'last-owner',
  'person-erased',
  'forbidden',
  'organization-not-found',
  'slug-taken',
  'already-member',
  'already-invited',
  'too-many-invitations',
  'invitation-not-found',
  'invitation-not-yours',
  'invitation-over',
  'payment-under-review',
  'payment-not-creditable',
  'quarantine-resolved',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

/** A rule said no. `code` is for programs, `message` for the person who asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}
