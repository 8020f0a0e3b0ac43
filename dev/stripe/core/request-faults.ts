// Faults of requests: what goes wrong between a caller and the API, on purpose.
import type { PersistedList, Wish } from './persisted-list.ts';
import { usedOnce } from './persisted-list.ts';
import { StripeRefusal } from './refusal.ts';

export const REQUEST_FAULT_KINDS = [
  'drop_before',
  'execute_then_drop',
  'delay',
  '500_stored',
  '500_unstored',
  '429',
  'lock_timeout',
  '409',
] as const;

export interface RequestFault extends Wish {
  kind: (typeof REQUEST_FAULT_KINDS)[number];
  method?: string | undefined;
  /** A path prefix, or a regular expression between slashes: `/^\/v1\/payment_intents$/`. */
  path: string;
  /** How many matching requests still pass before it applies. */
  skip: number;
  /** Of `delay`. */
  delayMs?: number | undefined;
  /** Of `delay`: hold the request back before it executes, or its reply after. */
  when?: 'before' | 'after' | undefined;
  /** Of `500_stored`: the request takes effect although its reply says 500. */
  keepsEffects?: boolean | undefined;
}

/** The fault for this request, if one applies; counts the request for every fault that matches. */
export function takeRequestFault(
  faults: PersistedList<RequestFault>,
  method: string,
  path: string,
): RequestFault | undefined {
  let taken: RequestFault | undefined;
  const all = faults.all();
  const left = all.flatMap((fault) => {
    if (!concerns(fault, method, path)) return [fault];
    if (fault.skip > 0) return [{ ...fault, skip: fault.skip - 1 }];
    if (taken !== undefined) return [fault];
    taken = fault;
    return usedOnce(fault);
  });
  if (all.length > 0) faults.write(left);
  return taken;
}

/** The refusal that a fault answers instead of executing; null when it does something else. */
export function refusalOf(fault: RequestFault | undefined): StripeRefusal | null {
  switch (fault?.kind) {
    case '500_unstored':
      return serverError(false, false);
    case '429':
      return new StripeRefusal(
        429,
        {
          type: 'invalid_request_error',
          code: 'rate_limit',
          message:
            'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.',
        },
        { executed: false },
      );
    case 'lock_timeout':
      return new StripeRefusal(
        429,
        {
          type: 'invalid_request_error',
          code: 'lock_timeout',
          message:
            'This object cannot be accessed right now because another API request or Stripe process is currently accessing it. If you see this error intermittently, retry the request.',
        },
        { executed: false },
      );
    case '409':
      return keyInUse();
    default:
      return null;
  }
}

/** 500 as Stripe words it; `executed` when it is kept under the idempotency key. */
export function serverError(executed: boolean, keepsEffects: boolean): StripeRefusal {
  return new StripeRefusal(
    500,
    { type: 'api_error', message: 'An unknown error occurred.' },
    { executed, keepsEffects },
  );
}

/** 409 while another request with the same key is under way. */
export function keyInUse(): StripeRefusal {
  return new StripeRefusal(
    409,
    {
      type: 'invalid_request_error',
      code: 'idempotency_key_in_use',
      message:
        'There is currently another in-progress request using this Idempotency Key (that probably means you submitted twice, and the other request is still going through). Please try again later.',
    },
    { executed: false },
  );
}

function concerns(fault: RequestFault, method: string, path: string): boolean {
  if (fault.method !== undefined && fault.method.toUpperCase() !== method) return false;
  const expression = /^\/(.+)\/$/.exec(fault.path)?.[1];
  if (expression === undefined || !/[\\^$.*+?()[\]|]/.test(expression)) return path.startsWith(fault.path);
  return new RegExp(expression).test(path);
}
