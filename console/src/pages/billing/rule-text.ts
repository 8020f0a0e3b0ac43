// A rule of auto top-up in words: what it does, what it decided last and why, and why it is paused.
import type { SchemaAutoTopUp, SchemaAutoTopUpSimulation } from '../../api/schema.d.ts';
import { formatMoney } from '../../money.ts';

type Terms = Pick<SchemaAutoTopUp, 'threshold' | 'amount' | 'targetBalance' | 'monthlyCap'>;

/** `Below $10.00, add $50.00; at most $200.00 a month.` */
export function termsText({ threshold, amount, targetBalance, monthlyCap }: Terms): string {
  const adds =
    amount !== null ? `add ${formatMoney(amount)}` : `fill up to ${formatMoney(targetBalance ?? threshold)}`;
  return `Below ${formatMoney(threshold)}, ${adds}; at most ${formatMoney(monthlyCap)} a month.`;
}

const REASONS: Readonly<Record<string, string>> = {
  'above-threshold': 'The balance is not below the threshold: nothing to do.',
  'below-threshold': 'The balance was below the threshold: a charge was begun.',
  'top-up-in-flight': 'A charge is under way: the next one waits for it.',
  'cap-reached': 'What this month’s maximum leaves is less than a charge: nothing more until next month.',
  'attempts-limit': 'It charged several times within minutes: the next charge waits a little.',
  'declined-lately': 'Your bank declined the last charge; the next attempt comes by itself.',
  'episode-over': 'The last charge was paid and its credit is on the way: it looks again soon.',
  'account-frozen': 'The account is frozen: nothing is charged.',
  'account-closed': 'The account is closed: nothing is charged.',
};

const PAUSES: Readonly<Record<string, string>> = {
  paused:
    'Its sponsor knows why and can let it go on; any owner or admin can use a card of their own instead.',
  'sponsor-left':
    'Its sponsor is no longer an owner or admin here. An owner or admin can go on with a card of their own.',
  'card-removed': 'Its card was removed. Choose another one to go on.',
  declined:
    'Your bank declined the charge several times. Choose another card, or resume it when the card is fine.',
  hard: 'Your bank declined the charge for good. Choose another card to go on.',
  'card-data': 'Your bank says that the details of the card are wrong or out of date. Save it anew to go on.',
  authentication: 'Your bank wants you to confirm the charge. Pay it once yourself, and auto top-up goes on.',
  'rate-limit': 'Your card was declined too often lately. It goes on later, or at once with another card.',
  'state-wrong': 'The charge could not be made. Choose another card, or ask support.',
  'payment-quarantined': 'A payment is under review. It goes on when an operator has decided about it.',
};

/** What was decided last, and why. */
export function decisionText(decision: SchemaAutoTopUp['lastDecision']): string {
  if (decision === null) return 'It has not had anything to decide yet.';
  if (decision.decision === 'paused' || decision.decision === 'suspended') return pauseText(decision);
  return REASONS[decision.reason] ?? 'Nothing was charged.';
}

/** Why a rule is paused, as far as the reader may know. */
export function pauseText(decision: SchemaAutoTopUp['lastDecision']): string {
  return PAUSES[decision?.reason ?? 'paused'] ?? PAUSES['paused'] ?? '';
}

const MORE = ' The monthly maximum would have kept it from charging more.';

/** What a rule would have done: `4 × $50.00, $200.00 in all`. */
export function simulationText({ count, charges, total, capped }: SchemaAutoTopUpSimulation): string {
  if (count === 0) {
    return capped
      ? 'In the last 30 days the monthly maximum would have left no room for a charge.'
      : 'In the last 30 days this rule would have charged nothing.';
  }
  const shown = charges
    .slice(0, 3)
    .map((charge) => `${charge.count}\u00a0×\u00a0${formatMoney(charge.amount)}`);
  const parts = charges.length > 3 ? [...shown, 'other amounts'] : shown;
  if (count === 1 && charges[0] !== undefined)
    return `In the last 30 days this rule would have charged ${formatMoney(charges[0].amount)} once.${capped ? MORE : ''}`;
  const sum = count > 1 ? `, ${formatMoney(total)} in all` : '';
  return `In the last 30 days this rule would have charged ${new Intl.ListFormat('en').format(parts)}${sum}.${capped ? MORE : ''}`;
}
