// What a top-up says of itself: how it was paid, how it stands, and each step of its way.
import type { SchemaTopUp, SchemaTopUpDetail } from '../api/schema.d.ts';
import { formatMoney } from '../money.ts';

export const topUpStates: Record<SchemaTopUp['state'], { readonly label: string; readonly color: string }> = {
  open: { label: 'Open', color: 'gray' },
  processing: { label: 'Under way', color: 'blue' },
  paid: { label: 'Paid', color: 'teal' },
  'not-completed': { label: 'Not completed', color: 'gray' },
};

export const topUpModes: Record<SchemaTopUp['mode'], string> = {
  manual: 'Added by hand',
  auto: 'Auto top-up',
};

/** Why a top-up came to nothing, to its payer; what the timeline says already is not said twice. */
export const topUpEndings: Record<NonNullable<SchemaTopUpDetail['ending']>, string> = {
  expired: 'The payment page expired before you paid. Nothing was charged; you can start again.',
  declined: 'The bank declined the payment, so nothing was charged. Try another card.',
  'confirmation-needed':
    'The bank wants you to confirm this payment yourself, so nothing was charged without you.',
  'set-aside':
    'A payment arrived that does not match this top-up. It is set aside until an operator decides.',
  'never-arrived': 'The charge never reached the bank. Nothing was charged.',
  'not-opened': 'The payment page could not be opened. Nothing was charged; you can start again.',
  'not-needed': 'By the time of the charge the balance was above the threshold again. Nothing was charged.',
  'cap-reached': 'It would have gone beyond the monthly cap. Nothing was charged.',
  'called-off': 'It was called off, because the rule, the card or the account changed. Nothing was charged.',
};

export type TimelineStep = SchemaTopUpDetail['timeline'][number];

interface StepText {
  readonly title: string;
  readonly text?: string;
}

const STEPS: Record<TimelineStep['what'], StepText> = {
  opened: { title: 'Payment page opened' },
  'rule-evaluated': { title: 'Rule evaluated' },
  'charge-sent': { title: 'Charge sent to the bank' },
  'charge-declined': {
    title: 'Your card was not charged',
    text: 'The bank declined it. Only you see this.',
  },
  'confirmation-needed': {
    title: 'Your card was not charged',
    text: 'The bank wants you to confirm the payment yourself. Only you see this.',
  },
  'charge-called-off': {
    title: 'Your card was not charged',
    text: 'The charge was called off before it went through. Only you see this.',
  },
  'outcome-unknown': {
    title: 'No answer yet',
    text: 'Whether the card was charged is being looked up. Nothing is charged a second time meanwhile. Only you see this.',
  },
  'never-arrived': {
    title: 'Your card was not charged',
    text: 'The charge never reached the bank. Only you see this.',
  },
  expired: { title: 'Payment page expired', text: 'Nobody had paid on it until then.' },
  'set-aside': {
    title: 'Payment set aside',
    text: 'It did not match what was asked for; an operator decides. Only you see this.',
  },
  'kept-out': {
    title: 'Payment kept out of the balance',
    text: 'An operator decided so. Only you see this.',
  },
  credited: { title: 'Paid and credited', text: 'From here on it counts in the balance.' },
  posted: { title: 'Entered in the statement' },
};

/** A step in words. */
export function stepText({ what, balance, threshold }: TimelineStep): StepText {
  if (what !== 'rule-evaluated' || balance === undefined || threshold === undefined) return STEPS[what];
  return {
    ...STEPS[what],
    text: `The balance of ${formatMoney(balance)} was below the threshold of ${formatMoney(threshold)}.`,
  };
}
