// What a sender reads about each event: recorded, duplicate, conflict, or rejected with the reason.
import { z } from 'zod';
import { formatDollars, type Nanos } from '../../ledger/money.ts';
import type { RefusalCode } from '../../ledger/refusal.ts';
import { type ProblemBody, problemBody } from '../problem.ts';

export interface UsageResult {
  readonly id: string | null;
  readonly status: 'recorded' | 'duplicate' | 'conflict' | 'rejected';
  readonly cost?: string;
  readonly problem?: ProblemBody;
}

export const usageResultSchema = z
  .object({
    id: z.string().nullable(),
    status: z.enum(['recorded', 'duplicate', 'conflict', 'rejected']),
    cost: z.string().optional().describe('Dollars; absent while the model has no price'),
    problem: z
      .object({
        type: z.string(),
        code: z.string(),
        title: z.string(),
        status: z.int(),
        detail: z.string().optional(),
      })
      .optional(),
  })
  .meta({ id: 'UsageResult' });

/** The answer for an event that stands in the books, now or from before. */
export function accepted(id: string, status: 'recorded' | 'duplicate', cost: Nanos | undefined): UsageResult {
  if (cost !== undefined) return { id, status, cost: formatDollars(cost) };
  return {
    id,
    status,
    problem: problemBody('usage-unpriced', {
      detail: 'It is kept and will be priced and deducted once the model has a price.',
    }),
  };
}

/** The answer for an id that stands for other usage. */
export function conflicting(id: string): UsageResult {
  return {
    id,
    status: 'conflict',
    problem: problemBody('usage-conflict', {
      detail: 'This id was recorded with other content. Nothing was changed.',
    }),
  };
}

/** The answer for an event that was not recorded. */
export function rejected(id: string | null, code: RefusalCode, detail: string): UsageResult {
  return { id, status: 'rejected', problem: problemBody(code, { detail }) };
}
