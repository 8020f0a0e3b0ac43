// The hosted page `/c/pay/<session>`: what a buyer sees, and what a POST of a test card does.
import type Stripe from 'stripe';
import { cardByAlias, TEST_CARDS, type TestCard } from '../cards/test-cards.ts';
import type { World } from '../core/world.ts';
import {
  authenticate,
  expireSession,
  type PageOutcome,
  type StoredSession,
  useCard,
  waitingIntent,
} from '../flows/checkout.ts';
import { type Html, html } from './html.ts';
import { money, type PageReply, pageReply, seeOther, when } from './layout.ts';

/** GET of the page. */
export function showCheckout(world: World, id: string): PageReply {
  const session = current(world, id);
  if (session === undefined) return noSuchSession();
  return closedPage(session.body) ?? openPage(world, session, null);
}

/** POST of `testCard` or `authentication`: pays (or saves the card) and redirects; a paid session only redirects. */
export function submitCheckout(world: World, id: string, form: URLSearchParams): PageReply {
  const session = current(world, id);
  if (session === undefined) return noSuchSession();
  if (session.body.status === 'complete') return seeOther(returnUrl(session.body));
  const closed = closedPage(session.body);
  if (closed !== null) return closed;
  const outcome = act(world, session, form);
  if (outcome === null) return openPage(world, session, 'Please choose one of the test cards.');
  if (outcome.kind === 'complete') return seeOther(returnUrl(outcome.session));
  return openPage(world, session, outcome.kind === 'declined' ? outcome.decline.message : null);
}

function act(world: World, session: StoredSession, form: URLSearchParams): PageOutcome | null {
  const authentication = form.get('authentication');
  if (authentication !== null) return authenticate(world, session, authentication === 'complete');
  const card = cardByAlias(form.get('testCard') ?? '');
  return card === undefined ? null : useCard(world, session, card);
}

function current(world: World, id: string): StoredSession | undefined {
  const found = world.sessions.find(id);
  if (found?.body.status === 'open' && found.body.expires_at <= world.clock.now()) expireSession(world, id);
  return world.sessions.find(id);
}

function returnUrl(session: Stripe.Checkout.Session): string {
  return (session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', session.id);
}

function noSuchSession(): PageReply {
  return pageReply(
    404,
    'Not found',
    html`<section class="card"><h1>This page does not exist</h1>
      <p class="soft">The link is incomplete, or it belongs to another sandbox.</p></section>`,
  );
}

function closedPage(session: Stripe.Checkout.Session): PageReply | null {
  if (session.status === 'open') return null;
  const done = session.status === 'complete';
  const title = done ? 'You are all set' : 'This checkout has expired';
  const words = done
    ? session.mode === 'setup'
      ? 'The card has been saved.'
      : 'This has already been paid. Nothing will be taken again.'
    : 'Nothing has been taken. Start again from where you came.';
  const back = done ? returnUrl(session) : session.cancel_url;
  return pageReply(
    done ? 200 : 410,
    title,
    html`<section class="card"><h1>${title}</h1><p class="soft">${words}</p>
      ${back === null ? null : html`<p><a href="${back}">${done ? 'Continue' : 'Go back'}</a></p>`}</section>`,
  );
}

function openPage(world: World, session: StoredSession, alert: string | null): PageReply {
  const isWaiting = waitingIntent(world, session.body) !== null;
  const { body } = session;
  const action = html`/c/pay/${body.id}`;
  return pageReply(
    alert === null ? 200 : 402,
    body.mode === 'setup' ? 'Save a card' : 'Pay',
    html`<section class="card" aria-label="Order">${summary(world, session)}</section>
      <section class="card">
        ${alert === null ? null : html`<p class="alert" role="alert">${alert}</p>`}
        ${isWaiting ? authenticationForm(action) : cardForm(action, body, session)}
        ${body.cancel_url === null ? null : html`<p class="small"><a href="${body.cancel_url}">Cancel and go back</a></p>`}
      </section>
      <p class="small soft">Open until ${when(body.expires_at)}.</p>`,
  );
}

function summary(world: World, { body, hidden }: StoredSession): Html {
  const buyer = world.customers.find(typeof body.customer === 'string' ? body.customer : '')?.body;
  const email = buyer?.email ?? body.customer_email;
  const forWhom = email === null ? null : html`<p class="small soft">For ${email}</p>`;
  if (body.mode === 'setup')
    return html`<h1>Save a card</h1><p class="soft">Nothing is charged now.</p>${forWhom}`;
  const rows = hidden.lines.map(
    (line) => html`<tr><td>${line.description}</td><td class="number">${line.quantity}</td>
      <td class="number">${money(line.amount_total, line.currency)}</td></tr>`,
  );
  return html`<h1>Pay</h1><p class="amount">${money(body.amount_total ?? 0, body.currency ?? 'usd')}</p>
    <table><thead><tr><th scope="col">Item</th><th scope="col" class="number">Quantity</th>
    <th scope="col" class="number">Amount</th></tr></thead><tbody>${rows}</tbody></table>${forWhom}`;
}

function cardForm(action: Html, session: Stripe.Checkout.Session, { hidden }: StoredSession): Html {
  const [first, ...others] = TEST_CARDS;
  if (first === undefined) throw new Error('there are no test cards');
  const usual = others.filter(({ authentication, charge }) => authentication !== 'never' && charge === null);
  const rest = others.filter((card) => !usual.includes(card));
  return html`<h2>Choose a test card</h2>
    ${agreement(session, hidden.paymentIntentData.setupFutureUsage)}
    <form method="post" action="${action}">
      ${cardButton(first, 'main')}${usual.map((card) => cardButton(card, ''))}
      <details><summary>More test cards</summary>${rest.map((card) => cardButton(card, ''))}</details>
    </form>`;
}

function cardButton(card: TestCard, style: string): Html {
  return html`<button class="${style}" name="testCard" value="pm_card_${card.names[0] ?? ''}">
    <span>${card.label}</span><span class="last4">•••• ${card.number.slice(-4)}</span></button>`;
}

function agreement(session: Stripe.Checkout.Session, setupFutureUsage: string | null): Html | null {
  const position = session.consent_collection?.payment_method_reuse_agreement?.position;
  if (position === 'hidden' || (session.mode === 'payment' && setupFutureUsage === null)) return null;
  return html`<p class="small soft">By choosing a card you allow the merchant to save it and to charge it for future
    payments in accordance with their terms.</p>`;
}

function authenticationForm(action: Html): Html {
  return html`<h2>3D Secure</h2><p class="soft">The bank asks whether this is really you.</p>
    <form method="post" action="${action}">
      <button class="main" name="authentication" value="complete">Complete authentication</button>
      <button name="authentication" value="fail">Fail authentication</button>
    </form>`;
}
