// The form of auto top-up as values: what is typed, what is wrong with it, and what is sent.
import type { SchemaAutoTopUp, SchemaAutoTopUpTerms } from '../../api/schema.d.ts';
import { amountFault, compareMoney, formatMoney, typedAmount } from '../../money.ts';

export interface RuleDraft {
  readonly threshold: string;
  readonly size: string;
  readonly amount: string;
  readonly target: string;
  readonly cap: string;
  /** The id of a card of mine, `KEEP` for the sponsor's, or nothing yet. */
  readonly card: string;
  /** On the way to save a card: the newest one is meant. */
  readonly waitsForCard: boolean;
}

export type RuleField = 'threshold' | 'amount' | 'target' | 'cap' | 'card';
export type RuleFaults = Readonly<Partial<Record<RuleField, string>>>;

/** Another's card stays: the terms may then only be lowered. */
export const KEEP = 'keep';

/** The draft of an account's form, among those of the tab. */
export const ruleDraftName = (accountId: string) => `auto-top-up.${accountId}`;

/** What the form begins with: the rule as it is, else something sensible. */
export function draftOf(rule: SchemaAutoTopUp | null, myId: string): RuleDraft {
  if (rule === null) {
    return {
      threshold: '10',
      size: 'amount',
      amount: '50',
      target: '60',
      cap: '200',
      card: '',
      waitsForCard: false,
    };
  }
  return {
    threshold: typed(rule.threshold),
    size: rule.amount === null ? 'target' : 'amount',
    amount: typed(rule.amount ?? '50.00'),
    target: typed(rule.targetBalance ?? '60.00'),
    cap: typed(rule.monthlyCap),
    card: rule.sponsor.id === myId ? (rule.paymentMethodId ?? '') : KEEP,
    waitsForCard: false,
  };
}

const typed = (amount: string) => amount.replace(/\.00$/, '');

const MOST_OF_A_RULE = 1_000_000;

/** What is wrong, field by field. `raisable` is false where the card is another's. */
export function faultsOf(draft: RuleDraft, rule: SchemaAutoTopUp | null): RuleFaults {
  const isFixed = draft.size === 'amount';
  const faults: Record<RuleField, string | undefined> = {
    threshold: amountFault(draft.threshold, { least: 0, most: MOST_OF_A_RULE }),
    amount: isFixed ? amountFault(draft.amount, { least: 5, most: 2_000 }) : undefined,
    target: isFixed ? undefined : amountFault(draft.target, { least: 5, most: MOST_OF_A_RULE }),
    cap: amountFault(draft.cap, { least: 5, most: MOST_OF_A_RULE }),
    card: draft.card === '' ? 'Choose a card, or save a new one.' : undefined,
  };
  if (!isFixed && faults.target === undefined && faults.threshold === undefined) {
    const least = plusFive(typedAmount(draft.threshold));
    if (compareMoney(typedAmount(draft.target), least) < 0)
      faults.target = `The balance to fill up to must be at least ${formatMoney(least)}: $5.00 above the threshold.`;
  }
  if (isFixed && faults.amount === undefined && faults.cap === undefined) {
    if (compareMoney(typedAmount(draft.cap), typedAmount(draft.amount)) < 0)
      faults.cap = 'The monthly maximum must leave room for at least one charge.';
  }
  if (rule !== null && draft.card === KEEP) addRaises(faults, draft, rule);
  return Object.fromEntries(Object.entries(faults).filter(([, fault]) => fault !== undefined));
}

function addRaises(
  faults: Record<RuleField, string | undefined>,
  draft: RuleDraft,
  rule: SchemaAutoTopUp,
): void {
  const refuse = (field: 'threshold' | 'amount' | 'target' | 'cap', before: string | null) => {
    if (faults[field] !== undefined) return;
    if (before === null)
      faults[field] =
        'Only the sponsor may change this, because it is their card. Use a card of your own, or leave it.';
    else if (compareMoney(typedAmount(draft[field]), before) > 0)
      faults[field] =
        `Only the sponsor may raise this above ${formatMoney(before)}, because it is their card.`;
  };
  refuse('threshold', rule.threshold);
  refuse('cap', rule.monthlyCap);
  if (draft.size === 'amount') refuse('amount', rule.amount);
  else refuse('target', rule.targetBalance);
}

function plusFive(amount: string): string {
  const [whole = '0', fraction = '00'] = amount.split('.');
  return `${BigInt(whole) + 5n}.${fraction}`;
}

/** The terms to send; undefined while something is wrong with them. */
export function termsOf(draft: RuleDraft, rule: SchemaAutoTopUp | null): SchemaAutoTopUpTerms | undefined {
  const { card: _card, ...faults } = faultsOf(draft, rule);
  if (Object.keys(faults).length > 0) return undefined;
  return {
    threshold: typedAmount(draft.threshold),
    monthlyCap: typedAmount(draft.cap),
    ...(draft.size === 'amount'
      ? { amount: typedAmount(draft.amount) }
      : { targetBalance: typedAmount(draft.target) }),
  };
}
