// Routes of the API: a pattern, the parameters it takes, and what it does.
import type { z } from 'zod';
import type { FormValue } from './form.ts';
import { parseParams } from './params.ts';
import type { World } from './world.ts';

export interface Call {
  world: World;
  /** What `:id` stands for in the path; empty when the pattern has none. */
  id: string;
  /** False for callers that send no `Stripe-Version` (the CLI), which may use older parameters. */
  versioned: boolean;
}

export interface Route {
  method: string;
  pattern: string;
  /** Checks the parameters and returns what will be executed; throws Stripe's 400. */
  prepare(raw: FormValue, call: Call): () => object;
}

/** A route whose handler gets checked parameters; it runs inside one transaction and must not wait for anything. */
export function route<Schema extends z.ZodType>(
  method: string,
  pattern: string,
  schema: Schema,
  handle: (params: z.output<Schema>, call: Call) => object,
): Route {
  return {
    method,
    pattern,
    prepare(raw, call) {
      const parsed = parseParams(schema, raw);
      return () => handle(parsed, call);
    },
  };
}

/** Finds the route of a request; ids never contain a slash. */
export function routeFinder(
  routes: Route[],
): (method: string, path: string) => { route: Route; id: string } | null {
  const compiled = routes.map((entry) => ({
    entry,
    matcher: new RegExp(`^${entry.pattern.replace(':id', '([A-Za-z0-9_]+)')}$`),
  }));
  return (method, path) => {
    for (const { entry, matcher } of compiled) {
      const match = entry.method === method ? matcher.exec(path) : null;
      if (match !== null) return { route: entry, id: match[1] ?? '' };
    }
    return null;
  };
}
