// References between objects: Stripe types them as id or object, the sandbox stores ids.

/** The id behind a reference that may be an id or a whole object. */
export function idOf(reference: string | { id: string } | null | undefined): string | null {
  if (reference === null || reference === undefined) return null;
  return typeof reference === 'string' ? reference : reference.id;
}
