// Several people in one sentence.

/** `Ada, Ben or Cleo`; of many the first five. */
export function inWords(names: readonly string[], word: 'and' | 'or'): string {
  const shown = names.length > 5 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  return new Intl.ListFormat('en', { type: word === 'and' ? 'conjunction' : 'disjunction' }).format(shown);
}
