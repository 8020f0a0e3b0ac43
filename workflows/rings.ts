// Rings as an actor hears them: whoever sent one, and whatever they sent with it, says no more than that there is work.
import { defaultPayloadConverter, type RawValue, rawValueTypeInfo } from '@temporalio/common';
import { defineSignal } from '@temporalio/workflow';
import { commandStored, topUpSettled, usageRecorded } from './messages.ts';

/**
 * The signals that ring, taken as they were sent: an operator may send one by hand with anything, and what cannot be
 * read before a handler hears it would fail every task of the actor from then on.
 */
export const ringsAsSent = [usageRecorded, commandStored, topUpSettled].map(({ name }) =>
  defineSignal<[RawValue?]>(name, { typeInfo: { inputTypes: [rawValueTypeInfo] } }),
);

/* The ids that requests have: whatever else stood here would go on into every posting's transaction. */
const REQUEST_ID = /^[\w.-]{8,64}$/;

/** The request that a ring names; `undefined` when it names none, or was not sent by Coffer. */
export function requestOf(sent: RawValue | undefined): string | undefined {
  try {
    const ring: unknown = sent === undefined ? undefined : defaultPayloadConverter.fromPayload(sent.payload);
    if (typeof ring !== 'object' || ring === null || !('requestId' in ring)) return undefined;
    return typeof ring.requestId === 'string' && REQUEST_ID.test(ring.requestId) ? ring.requestId : undefined;
  } catch {
    return undefined;
  }
}
