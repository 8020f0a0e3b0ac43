// What a rule would have charged: its own arithmetic over an account's past, one charge each time the balance crosses.
import { type Nanos, nanos, ZERO } from '../money.ts';
import { refillOf } from './refill.ts';
import type { RuleTerms } from './rules.ts';

/** What happened to a balance from the midnight (UTC) of `from` until `to`, without the charges of auto top-up. */
export interface BalancePast {
  readonly from: Date;
  readonly to: Date;
  readonly balanceAtStart: Nanos;
  /** Day (`2026-01-31`) → what was used on it, taken as used evenly from its midnight on. */
  readonly usedByDay: ReadonlyMap<string, Nanos>;
  /** What else moved the balance, signed, oldest first. */
  readonly moves: readonly { readonly at: Date; readonly amount: Nanos }[];
}

export interface Simulation {
  readonly count: number;
  readonly total: Nanos;
  /** Amount → how often it would have been charged. */
  readonly charges: ReadonlyMap<Nanos, number>;
  /** Whether the monthly cap would have kept something from being charged. */
  readonly isCapped: boolean;
}

const DAY_MS = 86_400_000;

/** Replays a past under a rule. Only what lies within it counts towards the monthly caps. */
export function simulateRule(terms: RuleTerms, past: BalancePast): Simulation {
  const till = new Till(terms, past.balanceAtStart);
  const movesByDay = Map.groupBy(past.moves, ({ at }) => dayOf(at.getTime()));
  for (let start = past.from.getTime(); start < past.to.getTime(); start += DAY_MS) {
    const day = dayOf(start);
    const end = Math.min(start + DAY_MS, past.to.getTime());
    const used = past.usedByDay.get(day) ?? ZERO;
    let spent = 0n;
    // shares that add up to the day's usage, whatever happens in between
    const spendUntil = (at: number) => {
      const due = (used * BigInt(Math.min(at, end) - start)) / BigInt(end - start);
      till.spend(nanos(due - spent));
      spent = due;
    };
    till.enter(day.slice(0, 7));
    for (const { at, amount } of movesByDay.get(day) ?? []) {
      spendUntil(at.getTime());
      till.move(amount);
    }
    spendUntil(end);
  }
  return till;
}

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** A balance under a rule, month after month. */
class Till implements Simulation {
  count = 0;
  total = ZERO;
  isCapped = false;
  readonly charges = new Map<Nanos, number>();
  readonly #terms: RuleTerms;
  #balance: Nanos;
  #month = '';
  #takenThisMonth = ZERO;

  constructor(terms: RuleTerms, balance: Nanos) {
    this.#terms = terms;
    this.#balance = balance;
  }

  /** A new month has a cap of its own: what waited for it is charged. */
  enter(month: string): void {
    if (month === this.#month) return;
    this.#month = month;
    this.#takenThisMonth = ZERO;
    this.#refill();
  }

  move(amount: Nanos): void {
    this.#balance = nanos(this.#balance + amount);
    this.#refill();
  }

  /** Takes an amount little by little, so that each crossing is met. */
  spend(amount: Nanos): void {
    let left: bigint = amount;
    while (left > 0n) {
      const room = this.#balance - this.#terms.threshold + 1n;
      const step = room > 0n && room < left ? room : left;
      this.#balance = nanos(this.#balance - step);
      left -= step;
      this.#refill();
    }
  }

  #refill(): void {
    for (;;) {
      const leftOfCap = nanos(this.#terms.monthlyCap - this.#takenThisMonth);
      const charge = refillOf(this.#terms, this.#balance, leftOfCap);
      if (charge === undefined) return;
      if (charge === 0n) {
        this.isCapped = true;
        return;
      }
      this.#balance = nanos(this.#balance + charge);
      this.#takenThisMonth = nanos(this.#takenThisMonth + charge);
      this.total = nanos(this.total + charge);
      this.count += 1;
      this.charges.set(charge, (this.charges.get(charge) ?? 0) + 1);
    }
  }
}
