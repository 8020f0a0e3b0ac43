// What an account's actor remembers between postings, its pure transitions, and how operators read it.
import { formatDollars, nanos, nanosFromString } from '../ledger/money.ts';
import type { FirstPosting, Posted, Standing } from '../ledger/posting.ts';

/** The value of the search attribute `AccountState`. */
export type AccountCondition = 'ok' | 'low' | 'topping_up' | 'overdrawn' | 'frozen' | 'attention';

/** The actor's memory: a cache of Postgres, plain JSON, carried over when it continues as new. */
export interface AccountState {
  readonly standing: Standing;
  readonly organizationId: string | null;
  readonly workWaiting: boolean;
  /** The request that the newest ring named, of those that the next posting answers. */
  readonly requestId: string | null;
  /** The condition that the search attribute shows. */
  readonly shown: AccountCondition | null;
  /** How many commands the database refused since the actor opened the account. */
  readonly commandsRefused: number;
}

const NOTHING: Standing = {
  epoch: 0,
  seq: 0,
  postedNanos: '0',
  pendingNanos: '0',
  heldNanos: '0',
  state: 'open',
  more: false,
  topUpInFlight: null,
  thresholdNanos: null,
  decision: null,
  reason: null,
};

/** An actor that has yet to open its account. Work is waiting: whoever started it rang. */
export function opening(): AccountState {
  return {
    standing: NOTHING,
    organizationId: null,
    workWaiting: true,
    requestId: null,
    shown: null,
    commandsRefused: 0,
  };
}

/** Whether this run has opened its account; a run that continues another one has. */
export function isOpen({ standing }: AccountState): boolean {
  return standing.epoch > 0;
}

export function opened(state: AccountState, account: FirstPosting): AccountState {
  return { ...posted(state, account), organizationId: account.organizationId };
}

/** Work waits. What a ring carries is for people to read; one without a request leaves that of an earlier ring. */
export function rung(state: AccountState, requestId?: string): AccountState {
  const before = state.workWaiting ? state.requestId : null;
  return { ...state, workWaiting: true, requestId: requestId ?? before };
}

/** Before the posting, so that a ring during it is kept. */
export function postingBegun(state: AccountState): AccountState {
  return { ...state, workWaiting: false };
}

export function posted(state: AccountState, { standing, commandsRefused }: Posted): AccountState {
  return {
    ...state,
    standing,
    workWaiting: state.workWaiting || standing.more,
    commandsRefused: state.commandsRefused + commandsRefused,
  };
}

export function shownAs(state: AccountState, shown: AccountCondition): AccountState {
  return { ...state, shown };
}

/** The one word for how the account is; the first that applies. */
export function condition({ standing, commandsRefused }: AccountState): AccountCondition {
  const balance = balanceOf(standing);
  if (standing.state !== 'open') return 'frozen';
  const low = standing.thresholdNanos !== null && balance < nanosFromString(standing.thresholdNanos);
  const paused = standing.decision === 'suspended';
  if (commandsRefused > 0 || cannotRefill(standing) || (low && paused)) return 'attention';
  if (standing.topUpInFlight !== null) return 'topping_up';
  if (balance < 0n) return 'overdrawn';
  if (low) return 'low';
  return 'ok';
}

/** Whether the rule would not charge although it should: its cap is reached, or the account may not be charged. */
function cannotRefill({ decision, reason }: Standing): boolean {
  return decision === 'skipped' || (decision === 'none' && reason !== null && reason !== 'above-threshold');
}

/** What an operator reads under Current Details in the Temporal UI, as Markdown. */
export function details(state: AccountState): string {
  const { standing } = state;
  const lines = [
    `**Balance ${formatDollars(balanceOf(standing))}** · ${condition(state).replaceAll('_', ' ')} · account ${standing.state}`,
    '',
    '| | USD |',
    '|---|---:|',
    `| Posted (entry ${standing.seq}) | ${dollars(standing.postedNanos)} |`,
    `| Pending | ${dollars(standing.pendingNanos)} |`,
    `| Held | ${dollars(standing.heldNanos)} |`,
    `| Auto top-up below | ${standing.thresholdNanos === null ? 'no rule' : dollars(standing.thresholdNanos)} |`,
    '',
    `**Last decision:** ${decisionInWords(standing)}`,
  ];
  if (standing.topUpInFlight !== null)
    lines.push('', `**Top-up under way:** \`top-up/${standing.topUpInFlight}\``);
  if (state.requestId !== null) lines.push('', `**Last request:** ${state.requestId}`);
  if (state.commandsRefused > 0) {
    lines.push(
      '',
      `**Attention:** the database refused ${state.commandsRefused} command(s) of this account.`,
    );
  }
  lines.push('', `Epoch ${standing.epoch}`);
  return lines.join('\n');
}

function decisionInWords({ decision, reason }: Standing): string {
  if (decision === null) return reason ?? 'none yet';
  const words = decisions.get(decision) ?? decision;
  return reason === null ? words : `${words}, because: ${reason.replaceAll('-', ' ')}`;
}

const decisions: ReadonlyMap<string, string> = new Map([
  ['none', 'nothing to charge'],
  ['charge', 'a top-up was opened'],
  ['waiting', 'no further top-up'],
  ['skipped', 'no top-up, although one is needed'],
  ['suspended', 'no top-up while the rule is paused'],
]);

function balanceOf(standing: Standing) {
  return nanos(nanosFromString(standing.postedNanos) + nanosFromString(standing.pendingNanos));
}

function dollars(text: string): string {
  return formatDollars(nanosFromString(text));
}
