// What verify reports: for each guarantee whether it holds, how much was checked, and who the first offender is.

/** The guarantees by the number they have in docs/architecture.md; each is one line of the report. */
export const guarantees = {
  chain: 'every balance follows from its entries, without a gap',
  balanced: 'debits equal credits',
  usage: 'usage entries, pending and rollups add up to the usage events',
  payments: 'every succeeded payment is credited once, or in quarantine',
  charges: 'at most one charge in flight, one charge an episode, no month above its cap',
  attribution: 'every usage event has an account, a member and a key; no id stands on two days',
  epochs: 'no entry was written under an older epoch',
  holds: 'open holds are what is held',
  ages: 'nothing waits longer than it may',
} as const;

export type Guarantee = keyof typeof guarantees;

/** Everything, or only what came since each account was last found in order. */
export type VerifyScope = 'full' | 'since-checkpoint';

export interface CheckResult {
  readonly guarantee: Guarantee;
  readonly ok: boolean;
  /** How many entries, usage events, commands, payments … were looked at. */
  readonly checked: number;
  readonly offences: number;
  /** Who broke it first and how, for an operator to look up. */
  readonly firstOffender: string | undefined;
  /** What an operator should know although nothing is broken. */
  readonly notes: readonly string[];
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly accounts: number;
  readonly entries: number;
  readonly usageEvents: number;
  readonly checks: readonly CheckResult[];
}

const MOST_NOTES = 20;

/** Collects what the checks find. */
export class Findings {
  accounts = 0;
  entries = 0;
  usageEvents = 0;
  #offences = 0;
  readonly #found = new Map<
    Guarantee,
    { checked: number; offences: number; first: string | undefined; notes: string[] }
  >();

  /** Goes on from what a run had found before it was cut off. */
  constructor(before?: VerifyReport) {
    if (before === undefined) return;
    this.accounts = before.accounts;
    this.entries = before.entries;
    this.usageEvents = before.usageEvents;
    for (const { guarantee, checked, offences, firstOffender, notes } of before.checks) {
      this.#found.set(guarantee, { checked, offences, first: firstOffender, notes: [...notes] });
      this.#offences += offences;
    }
  }

  /** How many offences there are by now, of whatever guarantee. */
  get offences(): number {
    return this.#offences;
  }

  checked(guarantee: Guarantee, count: number): void {
    this.#of(guarantee).checked += count;
  }

  /** Records that a guarantee is broken; only the first offender of each is named. */
  offence(guarantee: Guarantee, offender: string): void {
    const found = this.#of(guarantee);
    found.offences += 1;
    found.first ??= offender;
    this.#offences += 1;
  }

  note(guarantee: Guarantee, text: string): void {
    const { notes } = this.#of(guarantee);
    if (notes.length < MOST_NOTES) notes.push(text);
  }

  report(): VerifyReport {
    const checks = guaranteeNames.map((guarantee) => {
      const { checked, offences, first, notes } = this.#of(guarantee);
      return { guarantee, ok: offences === 0, checked, offences, firstOffender: first, notes: [...notes] };
    });
    const { accounts, entries, usageEvents } = this;
    return { ok: this.#offences === 0, accounts, entries, usageEvents, checks };
  }

  #of(guarantee: Guarantee) {
    const found = this.#found.get(guarantee) ?? { checked: 0, offences: 0, first: undefined, notes: [] };
    this.#found.set(guarantee, found);
    return found;
  }
}

const isGuarantee = (key: string): key is Guarantee => key in guarantees;

/** Every guarantee, in order. */
export const guaranteeNames: readonly Guarantee[] = Object.keys(guarantees).filter(isGuarantee);
