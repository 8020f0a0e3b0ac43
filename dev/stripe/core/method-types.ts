// The parameters that choose payment method types; this sandbox knows cards.
import { z } from 'zod';
import { badParameter, invalid } from './refusal.ts';

const types = z.array(z.string().max(50)).min(1).max(50).optional();

export const METHOD_TYPES = {
  allowed_payment_method_types: types,
  payment_method_types: types,
  automatic_payment_methods: z
    .strictObject({
      enabled: z.enum(['true', 'false']),
      allow_redirects: z.enum(['always', 'never']).optional(),
    })
    .optional(),
};

interface MethodTypeParams {
  allowed_payment_method_types?: string[] | undefined;
  payment_method_types?: string[] | undefined;
  automatic_payment_methods?: object | undefined;
}

/** The types the caller allowed (null: whatever the account has); 400 when none of them can be used. */
export function allowedTypes(given: MethodTypeParams, versioned: boolean): string[] | null {
  if (given.payment_method_types !== undefined && versioned) {
    throw badParameter(
      'The `payment_method_types` parameter is no longer supported in this API version. Use `allowed_payment_method_types` instead.',
      { code: 'payment_method_types_no_longer_supported', param: 'payment_method_types' },
    );
  }
  const types = given.allowed_payment_method_types ?? given.payment_method_types ?? null;
  if (types === null) return null;
  if (given.automatic_payment_methods !== undefined) {
    throw badParameter(
      'You may only specify one of these parameters: allowed_payment_method_types, automatic_payment_methods.',
      { code: 'parameters_exclusive', param: 'automatic_payment_methods' },
    );
  }
  if (!types.includes('card')) {
    throw invalid('No valid payment method types for this request. The sandbox takes cards only.', {
      param: 'allowed_payment_method_types',
    });
  }
  return types;
}
