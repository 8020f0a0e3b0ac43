// The test cards: what each does when it is attached and when it is charged.
import { BLOCKED, type Decline, declineFor } from './declines.ts';

export interface TestCard {
  /** `pm_card_<name>` and `tok_<name>` stand for the card. */
  names: string[];
  number: string;
  label: string;
  brand: 'visa' | 'mastercard' | 'amex';
  funding: 'credit' | 'debit';
  /** Refused when it is attached to a customer or set up. */
  attach: Decline | null;
  /** Refused when it is charged. */
  charge: Decline | null;
  authentication: 'never' | 'until_set_up' | 'always';
}

const PLAIN = {
  brand: 'visa',
  funding: 'credit',
  attach: null,
  charge: null,
  authentication: 'never',
} as const;

/** A card that is refused everywhere, so it can never be saved. */
function refused(names: string[], number: string, label: string, declineCode: string): TestCard {
  const decline = declineFor(declineCode);
  return { ...PLAIN, names, number, label, attach: decline, charge: decline };
}

/** A card that is saved and then refused at each charge. */
function failsLater(names: string[], number: string, label: string, declineCode: string): TestCard {
  return { ...PLAIN, names, number, label, charge: declineFor(declineCode) };
}

// Numbers and behaviour follow https://docs.stripe.com/testing; the two `chargeCustomerFail…` numbers are ours.
export const TEST_CARDS: TestCard[] = [
  { ...PLAIN, names: ['visa'], number: '4242424242424242', label: 'Visa, pays' },
  {
    ...PLAIN,
    names: ['visa_debit'],
    number: '4000056655665556',
    label: 'Visa debit, pays',
    funding: 'debit',
  },
  {
    ...PLAIN,
    names: ['mastercard'],
    number: '5555555555554444',
    label: 'Mastercard, pays',
    brand: 'mastercard',
  },
  { ...PLAIN, names: ['amex'], number: '378282246310005', label: 'American Express, pays', brand: 'amex' },
  {
    ...PLAIN,
    names: ['authenticationRequired'],
    number: '4000002760003184',
    label: 'Visa, always asks for 3D Secure',
    authentication: 'always',
  },
  {
    ...PLAIN,
    names: ['authenticationRequiredOnSetup'],
    number: '4000002500003155',
    label: 'Visa, asks for 3D Secure once',
    authentication: 'until_set_up',
  },
  {
    ...PLAIN,
    names: ['authenticationRequiredChargeDeclinedInsufficientFunds'],
    number: '4000008260003178',
    label: 'Visa, 3D Secure, then insufficient funds',
    authentication: 'until_set_up',
    charge: declineFor('insufficient_funds'),
  },
  refused(['visa_chargeDeclined', 'chargeDeclined'], '4000000000000002', 'Declined', 'generic_decline'),
  refused(
    ['visa_chargeDeclinedInsufficientFunds', 'chargeDeclinedInsufficientFunds'],
    '4000000000009995',
    'Insufficient funds',
    'insufficient_funds',
  ),
  refused(
    ['visa_chargeDeclinedLostCard', 'chargeDeclinedLostCard'],
    '4000000000009987',
    'Lost card',
    'lost_card',
  ),
  refused(
    ['visa_chargeDeclinedStolenCard', 'chargeDeclinedStolenCard'],
    '4000000000009979',
    'Stolen card',
    'stolen_card',
  ),
  refused(
    ['visa_chargeDeclinedVelocityLimitExceeded', 'chargeDeclinedVelocityLimitExceeded'],
    '4000000000006975',
    'Too many attempts',
    'card_velocity_exceeded',
  ),
  refused(['chargeDeclinedExpiredCard'], '4000000000000069', 'Expired', 'expired_card'),
  refused(['chargeDeclinedIncorrectCvc'], '4000000000000127', 'Wrong security code', 'incorrect_cvc'),
  refused(['chargeDeclinedProcessingError'], '4000000000000119', 'Processing error', 'processing_error'),
  failsLater(
    ['chargeCustomerFail'],
    '4000000000000341',
    'Saves, then every charge declines',
    'generic_decline',
  ),
  failsLater(['visa_chargeCustomerFailLostCard'], '4000000000010349', 'Saves, then lost card', 'lost_card'),
  failsLater(
    ['visa_chargeCustomerFailStolenCard'],
    '4000000000010356',
    'Saves, then stolen card',
    'stolen_card',
  ),
  { ...PLAIN, names: ['radarBlock'], number: '4100000000000019', label: 'Blocked by Radar', charge: BLOCKED },
  // What follows after these have paid (a dispute, an inquiry, a warning, a refund's fate) comes with refunds and disputes.
  { ...PLAIN, names: ['createDispute'], number: '4000000000000259', label: 'Pays, is disputed later' },
  { ...PLAIN, names: ['createDisputeInquiry'], number: '4000000000001976', label: 'Pays, inquiry later' },
  {
    ...PLAIN,
    names: ['createIssuerFraudRecord'],
    number: '4000000000005423',
    label: 'Pays, fraud warning later',
  },
  { ...PLAIN, names: ['pendingRefund'], number: '4000000000007726', label: 'Pays, refunds stay pending' },
  { ...PLAIN, names: ['refundFail'], number: '4000000000005126', label: 'Pays, refunds fail' },
];

const byAlias = new Map(
  TEST_CARDS.flatMap((card) =>
    card.names.flatMap((name): [string, TestCard][] => [
      [`pm_card_${name}`, card],
      [`tok_${name}`, card],
    ]),
  ),
);
const byNumber = new Map(TEST_CARDS.map((card) => [card.number, card]));

/** The card that `pm_card_…` or `tok_…` stands for. */
export function cardByAlias(alias: string): TestCard | undefined {
  return byAlias.get(alias);
}

/** The card with this number; every PaymentMethod of the sandbox was made from one. */
export function cardByNumber(number: string): TestCard {
  const card = byNumber.get(number);
  if (card === undefined) throw new Error(`no test card ends in ${number.slice(-4)}`);
  return card;
}
