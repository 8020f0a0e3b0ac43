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
