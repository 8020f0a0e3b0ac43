// What an update changed, as `previous_attributes` of an event tells it.

/** The fields of `before` that read otherwise in `after`. */
export function changedFields<Body extends object>(before: Body, after: Body): Partial<Body> {
  const previous: Partial<Body> = {};
  for (const field in before) {
    if (JSON.stringify(before[field]) !== JSON.stringify(after[field])) previous[field] = before[field];
  }
  return previous;
}
