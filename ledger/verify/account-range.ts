// Verify: a range of account ids, by which checks that read whole tables read them in short statements.

/** The accounts after `after` (from the first on when null) up to and with `upTo`. */
export interface AccountRange {
  readonly after: string | null;
  readonly upTo: string;
}

/** The range as the first two parameters of a statement. */
export function rangeValues({ after, upTo }: AccountRange): [string, string] {
  return [after ?? '00000000-0000-0000-0000-000000000000', upTo];
}
