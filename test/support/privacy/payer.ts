// A payer: somebody who pays, saves cards, is declined and goes through 3-D Secure, all of it their own affair.
import { randomUUID } from 'node:crypto';
import type { TestCoffer } from '../coffer.ts';
import { tokenOf } from '../members.ts';
import type { TestPerson } from '../people.ts';
import { submitPage } from '../sandbox.ts';

export interface Payer {
  readonly person: TestPerson;
  /** Adds credit on the hosted page, with the cards that are tried one after the other; the last one pays. */
  payByHand(accountId: string, testCards: readonly string[]): Promise<void>;
  /** Saves a card on the hosted page and returns its id. */
  saveCard(testCard: string): Promise<string>;
  /** Refills the account from a card whenever it is below $10. */
  enableAutoTopUp(accountId: string, paymentMethodId: string): Promise<void>;
  /** What their next charge is to come to. */
  nextOutcome(outcome: Readonly<Record<string, string>>): Promise<void>;
}

/** Signs somebody in to pay. */
export async function payer(coffer: TestCoffer, person: TestPerson): Promise<Payer> {
  const token = await tokenOf(coffer, person.personId);
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(coffer.url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'idempotency-key': randomUUID(),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  const followBack = async (response: Response) => {
    const back = response.headers.get('location');
    if (back === null) throw new Error(`the hosted page answered ${response.status}`);
    await (await fetch(back, { headers: { authorization: `Bearer ${token}` } })).text();
  };
  const submit = async (url: string, testCards: readonly string[]) => {
    for (const testCard of testCards) {
      const response = await submitPage(url, { testCard });
      if (response.status === 303 || response.status === 302) return followBack(response);
      const page = await response.text();
      if (page.includes('name="authentication"'))
        return followBack(await submitPage(url, { authentication: 'complete' }));
    }
    throw new Error('none of the cards paid');
  };
  return {
    person,
    async payByHand(accountId, testCards) {
      const body = { amount: '25.00', saveCard: true };
      const { checkoutUrl } = await call('POST', `/v1/accounts/${accountId}/top-ups`, body);
      await submit(checkoutUrl, testCards);
    },
    async saveCard(testCard) {
      const { setupUrl } = await call('POST', '/v1/me/payment-methods');
      await submit(setupUrl, [testCard]);
      const { items } = await call('GET', '/v1/me/payment-methods');
      return items[0].id;
    },
    async enableAutoTopUp(accountId, paymentMethodId) {
      const rule = { threshold: '10.00', amount: '20.00', monthlyCap: '100.00', paymentMethodId };
      await call('PUT', `/v1/accounts/${accountId}/auto-top-up`, rule);
    },
    async nextOutcome(outcome) {
      const { rows } = await coffer.pool.query<{ stripe_id: string }>(
        'select stripe_id from customers where person_id = $1',
        [person.personId],
      );
      const response = await fetch(`${coffer.sandboxUrl}/_sandbox/next_outcome`, {
        method: 'POST',
        body: JSON.stringify({ ...outcome, customer: rows[0]?.stripe_id }),
      });
      if (!response.ok) throw new Error(await response.text());
    },
  };
}
