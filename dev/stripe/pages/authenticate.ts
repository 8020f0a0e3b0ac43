// The page `/c/authenticate/<payment intent>`, where a PaymentIntent with a `return_url` sends the buyer for 3D Secure.
import type Stripe from 'stripe';
import { idOf } from '../core/refs.ts';
import type { World } from '../core/world.ts';
import { failAuthentication } from '../flows/checkout.ts';
import { attemptPayment } from '../flows/pay.ts';
import { html } from './html.ts';
import { money, type PageReply, pageReply, seeOther } from './layout.ts';

/** GET of the page. */
export function showAuthentication(world: World, id: string): PageReply {
  const intent = waiting(world, id);
  if (intent === null) return nothingToDo();
  return pageReply(
    200,
    '3D Secure',
    html`<section class="card"><h1>3D Secure</h1><p class="amount">${money(intent.amount, intent.currency)}</p>
      <p class="soft">The bank asks whether this is really you.</p>
      <form method="post" action="/c/authenticate/${intent.id}">
        <button class="main" name="authentication" value="complete">Complete authentication</button>
        <button name="authentication" value="fail">Fail authentication</button>
      </form></section>`,
  );
}

/** POST of the answer; redirects to the intent's `return_url`. */
export function submitAuthentication(world: World, id: string, form: URLSearchParams): PageReply {
  const intent = waiting(world, id);
  const method = world.paymentMethods.find(idOf(intent?.payment_method) ?? '');
  if (intent === null || method === undefined) return nothingToDo();
  const returnUrl = intent.next_action?.redirect_to_url?.return_url ?? '/';
  if (form.get('authentication') === 'complete') {
    attemptPayment(world, intent, method, { offSession: false, authenticated: true });
  } else {
    failAuthentication(world, intent, method.body);
  }
  return seeOther(`${returnUrl}${returnUrl.includes('?') ? '&' : '?'}payment_intent=${id}`);
}

function waiting(world: World, id: string): Stripe.PaymentIntent | null {
  const found = world.paymentIntents.find(id)?.body;
  return found?.status === 'requires_action' ? found : null;
}

function nothingToDo(): PageReply {
  return pageReply(
    404,
    'Nothing to do',
    html`<section class="card"><h1>There is nothing to authenticate here</h1></section>`,
  );
}
