// The activity by which a workflow rings an account's actor; it also starts one that was terminated.
import { type AccountRing, ringAccount, type TemporalClient } from '../workflows/client.ts';

export interface RingActivities {
  /** Rings an account's actor; never capped by its caller, because a ring must not be lost. */
  ringAccount(ring: AccountRing): Promise<void>;
}

/** Makes the ring activity over a client of Temporal. */
export function ringActivities(temporal: TemporalClient): RingActivities {
  return { ringAccount: (ring) => ringAccount(temporal, ring) };
}
