// What verify reports: for each guarantee whether it holds, how many offences there are, and who the first offender is.

/** The guarantees by the number they have in the design; each is one line of the report. */
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

export interface CheckResult {
  readonly guarantee: Guarantee;
  readonly ok: boolean;
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

/** Collects what the checks find. */
export class Findings {
  accounts = 0;
  entries = 0;
  usageEvents = 0;
  readonly #found = new Map<Guarantee, { offences: number; first: string | undefined; notes: string[] }>();

  /** Records that a guarantee is broken; only the first offender of each is named. */
  offence(guarantee: Guarantee, offender: string): void {
    const found = this.#of(guarantee);
    found.offences += 1;
    found.first ??= offender;
  }

  note(guarantee: Guarantee, text: string): void {
    this.#of(guarantee).notes.push(text);
  }

  report(): VerifyReport {
    const checks = keysOf(guarantees).map((guarantee) => {
      const { offences, first, notes } = this.#of(guarantee);
      return { guarantee, ok: offences === 0, offences, firstOffender: first, notes };
    });
    const { accounts, entries, usageEvents } = this;
    return { ok: checks.every(({ ok }) => ok), accounts, entries, usageEvents, checks };
  }

  #of(guarantee: Guarantee) {
    const found = this.#found.get(guarantee) ?? { offences: 0, first: undefined, notes: [] };
    this.#found.set(guarantee, found);
    return found;
  }
}

function keysOf(record: typeof guarantees): Guarantee[] {
  const isGuarantee = (key: string): key is Guarantee => key in record;
  return Object.keys(record).filter(isGuarantee);
}
