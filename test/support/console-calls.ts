// What people and operators do at the API so that the console has something to show: by the routes, as programs would.
import { v7 as uuidv7 } from 'uuid';
import type { TestConsole } from './browser.ts';
import type { TestPerson } from './people.ts';
import { controlOf, submitPage } from './sandbox.ts';

/** Where something is done. */
export type CallWorld = Pick<TestConsole, 'coffer' | 'tokenOf'>;

export const post = <T>(world: CallWorld, token: string, path: string, body: object) =>
  send<T>(world, token, 'POST', path, body);

/** Calls a route; a refusal fails the test. */
export async function send<T>(
  { coffer }: Pick<CallWorld, 'coffer'>,
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const response = await fetch(coffer.url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(method === 'POST' && { 'idempotency-key': uuidv7() }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text === '' ? 'null' : text);
}

interface OpenTopUp {
  readonly id: string;
  readonly checkoutUrl: string;
}

/** Begins to add credit; nothing is paid yet. */
export async function openTopUp(
  world: CallWorld,
  accountId: string,
  payer: TestPerson,
  amount: string,
): Promise<OpenTopUp> {
  return post(world, await world.tokenOf(payer), `/v1/accounts/${accountId}/top-ups`, { amount });
}

/** Adds credit with a card that simply pays, and comes back. */
export async function topUp(world: CallWorld, accountId: string, payer: TestPerson, amount: string) {
  const { checkoutUrl } = await openTopUp(world, accountId, payer, amount);
  await comeBack(await pay(checkoutUrl), await world.tokenOf(payer));
}

/** Pays on the hosted page, or saves a card there; returns where the page leads back to. */
export async function pay(url: string, testCard = 'pm_card_visa'): Promise<string> {
  const paid = await submitPage(url, { testCard });
  const back = paid.headers.get('location');
  if (back === null) throw new Error(`the payment page answered ${paid.status}`);
  return back;
}

const comeBack = (address: string, token: string) =>
  fetch(address, { headers: { authorization: `Bearer ${token}` } });

/** Saves a card of somebody; returns its id. */
export async function saveCard(world: CallWorld, person: TestPerson, testCard?: string): Promise<string> {
  const token = await world.tokenOf(person);
  const { setupUrl }: { setupUrl: string } = await post(world, token, '/v1/me/payment-methods', {});
  await comeBack(await pay(setupUrl, testCard), token);
  const cards: { items: { id: string }[] } = await send(world, token, 'GET', '/v1/me/payment-methods');
  return cards.items[0]?.id ?? '';
}

interface Terms {
  readonly threshold: string;
  readonly amount: string;
  readonly monthlyCap: string;
}

/** Switches auto top-up on with a card that the sponsor saves for it; returns the card's id. */
export async function setRule(
  world: CallWorld,
  accountId: string,
  sponsor: TestPerson,
  terms: Terms = { threshold: '20.00', amount: '40.00', monthlyCap: '200.00' },
  testCard?: string,
): Promise<string> {
  const paymentMethodId = await saveCard(world, sponsor, testCard);
  await send(world, await world.tokenOf(sponsor), 'PUT', `/v1/accounts/${accountId}/auto-top-up`, {
    ...terms,
    paymentMethodId,
  });
  return paymentMethodId;
}

/** Has the operator do something to an account: `freeze`, `unfreeze`. */
export const operate = (
  { coffer }: Pick<CallWorld, 'coffer'>,
  accountId: string,
  what: string,
  body: object,
) => send({ coffer }, coffer.operatorToken, 'POST', `/v1/operator/accounts/${accountId}/${what}`, body);

/** Asks something of the sandbox: a fault, an outcome, a delivery. */
export const sandboxOf = ({ coffer }: Pick<CallWorld, 'coffer'>) => controlOf(coffer.sandboxUrl);
