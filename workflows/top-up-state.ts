// What a top-up's workflow remembers between looks, and when it starts a new history.

export interface TopUpLife {
  readonly looks: number;
}

const MOST_LOOKS = 100;

export function begun(): TopUpLife {
  return { looks: 0 };
}

export function looked(life: TopUpLife): TopUpLife {
  return { looks: life.looks + 1 };
}

/** A payment that is looked at for days continues as new now and then. */
export function mustRoll({ looks }: TopUpLife): boolean {
  return looks >= MOST_LOOKS;
}
