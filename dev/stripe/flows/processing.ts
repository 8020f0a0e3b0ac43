// How a payment that was `processing` ends.
import { declineFor } from '../cards/declines.ts';
import { idOf } from '../core/refs.ts';
import type { World } from '../core/world.ts';
import { refusedOutcome } from '../objects/charge.ts';
import { sessionPaymentEnded } from './checkout.ts';
import { fail, succeed } from './pay.ts';

/** Ends the PaymentIntent's processing as was decided when it began; does nothing if it is not processing. */
export function endProcessing(world: World, intentId: string): void {
  const found = world.paymentIntents.find(intentId);
  const charge = world.charges.find(idOf(found?.body.latest_charge) ?? '')?.body;
  if (found === undefined || charge === undefined || found.body.status !== 'processing') return;
  const { body: intent, hidden } = found;
  if (hidden.processingEndsIn === null) {
    const ended = succeed(world, intent, charge);
    if (hidden.session !== null) sessionPaymentEnded(world, hidden.session, ended.intent);
    return;
  }
  const decline = declineFor(hidden.processingEndsIn);
  const method = world.paymentMethods.find(charge.payment_method ?? '')?.body;
  if (method === undefined) throw new Error(`${charge.id} names no card of this sandbox`);
  const failed = {
    ...charge,
    status: 'failed',
    paid: false,
    captured: false,
    amount_captured: 0,
    failure_code: decline.code,
    failure_message: decline.message,
    outcome: refusedOutcome(decline),
  };
  world.charges.save(failed);
  const waiting = fail(world, intent, method, failed, decline);
  if (hidden.session !== null) sessionPaymentEnded(world, hidden.session, waiting);
}
