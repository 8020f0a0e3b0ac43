// What the load generator is told and what it reports: passed as JSON between it and the benchmark.
import { z } from 'zod';

export const loadOrder = z.object({
  port: z.int(),
  token: z.string(),
  apiKeyIds: z.array(z.string()).min(1),
  connections: z.int().min(1),
  eventsPerRequest: z.int().min(1),
  warmUpMs: z.number(),
  measureMs: z.number(),
});
export type LoadOrder = z.infer<typeof loadOrder>;

export const loadReport = z.object({
  /** Everything that was answered, warm-up included: what must stand in the books. */
  requests: z.int(),
  recorded: z.int(),
  /** An integer string. */
  acceptedNanos: z.string(),
  /** Answers other than 200 and events not recorded, by what they said. */
  errors: z.record(z.string(), z.int()),
  /** Of the measured time alone; a percentile is null when nothing was answered in it. */
  eventsPerSecond: z.number(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  /** CPU of the load generator over its whole life. */
  cpuMs: z.number(),
});
export type LoadReport = z.infer<typeof loadReport>;
