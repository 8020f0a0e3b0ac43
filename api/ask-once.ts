// Asking once: many who want to know the same within a moment cause one question and get its answer.

/** Wraps `ask` so that a key is asked for again only `ms` after its last answer, however many want it. */
export function askOnce<T>(ms: number, ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (key) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = ask(key);
    answers.set(key, answer);
    const forget = () => {
      setTimeout(() => answers.delete(key), ms).unref();
    };
    answer.then(forget, forget);
    return answer;
  };
}
