// What the paced load generator is told and what it reports: passed as JSON between it and the benchmark.
import { z } from 'zod';

export const crossingOrder = z.object({
  port: z.int(),
  /** A gateway token for the events, an operator's for reading balances. */
  token: z.string(),
  operatorToken: z.string(),
  /** The keys of the hot organization, whose events come all the time. */
  apiKeyIds: z.array(z.string()).min(1),
  eventsPerSecond: z.number(),
  /** They cross their thresholds in turn. */
  accounts: z.array(z.object({ accountId: z.string(), apiKeyId: z.string() })).min(1),
  crossings: z.int(),
  crossingsPerSecond: z.number(),
  warmUpMs: z.number(),
});
export type CrossingOrder = z.infer<typeof crossingOrder>;

/** One event that took an account below its threshold; times in milliseconds since the epoch. */
const crossing = z.object({ accountId: z.string(), sentAtMs: z.number(), acknowledgedAtMs: z.number() });
export type CrossingSeen = z.infer<typeof crossing>;

export const crossingReport = z.object({
  crossings: z.array(crossing),
  /** Turns left out because the account had not been refilled since its last crossing. */
  notRefilled: z.int(),
  recorded: z.int(),
  /** Of the hot organization alone, an integer string. */
  acceptedNanos: z.string(),
  errors: z.record(z.string(), z.int()),
  eventsPerSecond: z.number(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  elapsedMs: z.number(),
  cpuMs: z.number(),
});
export type CrossingReport = z.infer<typeof crossingReport>;
