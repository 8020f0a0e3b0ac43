// What creating a Checkout session takes, and the combinations that make no sense.
import { z } from 'zod';
import { METHOD_TYPES } from '../core/method-types.ts';
import { boolean, integer, metadata, params, text, url } from '../core/params.ts';
import { badParameter } from '../core/refusal.ts';
import { LINE_ITEMS } from './session-lines.ts';

const HALF_AN_HOUR_S = 1_800;
const A_DAY_S = 86_400;

export const CREATE = params({
  mode: z.enum(['payment', 'setup']),
  ui_mode: z.literal('hosted_page').optional(),
  customer: text.optional(),
  customer_email: text.optional(),
  client_reference_id: z.string().max(200).optional(),
  currency: text.optional(),
  line_items: LINE_ITEMS.optional(),
  success_url: url,
  cancel_url: url.optional(),
  expires_at: integer.optional(),
  metadata: metadata.optional(),
  adaptive_pricing: z.strictObject({ enabled: boolean.optional() }).optional(),
  submit_type: z.enum(['auto', 'pay']).optional(),
  consent_collection: z
    .strictObject({
      payment_method_reuse_agreement: z.strictObject({ position: z.enum(['auto', 'hidden']) }).optional(),
    })
    .optional(),
  payment_intent_data: z
    .strictObject({
      description: z.string().max(1000).optional(),
      metadata: metadata.optional(),
      receipt_email: text.optional(),
      setup_future_usage: z.enum(['off_session', 'on_session']).optional(),
      statement_descriptor_suffix: z.string().max(22).optional(),
    })
    .optional(),
  setup_intent_data: z
    .strictObject({ description: z.string().max(1000).optional(), metadata: metadata.optional() })
    .optional(),
  invoice_creation: z
    .strictObject({
      enabled: boolean,
      invoice_data: z
        .strictObject({
          description: text.optional(),
          footer: text.optional(),
          metadata: metadata.optional(),
        })
        .optional(),
    })
    .optional(),
  ...METHOD_TYPES,
});

export type Create = z.output<typeof CREATE>;

/** Refuses combinations that contradict the mode. */
export function requireSense(given: Create): void {
  const refuse = (param: string) => {
    throw badParameter(`You can not pass \`${param}\` in \`${given.mode}\` mode.`, { param });
  };
  if (given.mode === 'setup') {
    if (given.line_items !== undefined) refuse('line_items');
    if (given.payment_intent_data !== undefined) refuse('payment_intent_data');
    if (given.invoice_creation !== undefined) refuse('invoice_creation');
    if (given.customer === undefined && given.currency === undefined) missingParam('currency');
  } else {
    if (given.setup_intent_data !== undefined) refuse('setup_intent_data');
    if (given.line_items === undefined) missingParam('line_items');
  }
  if (given.customer !== undefined && given.customer_email !== undefined) {
    throw badParameter('You may only specify one of these parameters: customer, customer_email.', {
      code: 'parameters_exclusive',
      param: 'customer_email',
    });
  }
}

function missingParam(param: string): never {
  throw badParameter(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
}

/** When the session expires, by default in 24 hours; 400 unless that is 30 minutes to 24 hours ahead of `now`. */
export function requireExpiry(expiresAt: number | undefined, now: number): number {
  if (expiresAt === undefined) return now + A_DAY_S;
  if (expiresAt < now + HALF_AN_HOUR_S) {
    throw badParameter(
      'The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.',
      {
        param: 'expires_at',
      },
    );
  }
  if (expiresAt > now + A_DAY_S) {
    throw badParameter(
      'The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.',
      {
        param: 'expires_at',
      },
    );
  }
  return expiresAt;
}
