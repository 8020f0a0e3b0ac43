// A member at the HTTP API, for tests of the whole: opens top-ups and pays their hosted pages.

import type { TestCoffer } from './coffer.ts';
import { createTestAuth, signIn } from './people.ts';

export interface TopUpAnswer {
  readonly status: number;
  readonly id: string;
  readonly checkoutUrl: string;
}

/** The bearer token of a person. */
export async function tokenOf({ pool, url }: TestCoffer, personId: string): Promise<string> {
  return await signIn(createTestAuth(pool, url), personId);
}

/** Asks for a top-up of so many dollars; the same key is the same request. */
export async function requestTopUp(
  { url }: TestCoffer,
  request: {
    readonly accountId: string;
    readonly token: string;
    readonly dollars: number;
    readonly key: string;
  },
): Promise<TopUpAnswer> {
  const response = await fetch(`${url}/v1/accounts/${request.accountId}/top-ups`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${request.token}`,
      'content-type': 'application/json',
      'idempotency-key': request.key,
    },
    body: JSON.stringify({ amount: `${request.dollars}.00` }),
  });
  const { id = '', checkoutUrl = '' }: Partial<TopUpAnswer> = JSON.parse(await response.text());
  return { status: response.status, id, checkoutUrl };
}

/** Pays a hosted page with a test card and follows the way back to Coffer, as a browser does. */
export async function payPage(checkoutUrl: string): Promise<number> {
  const response = await fetch(checkoutUrl, {
    method: 'POST',
    body: new URLSearchParams({ testCard: 'pm_card_visa' }),
  });
  await response.text();
  return response.status;
}
