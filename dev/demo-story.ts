// The demo story: an organization's credit is bought, used up by real requests, and refilled by itself.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { systemClock } from '../ledger/clock.ts';
import { formatDollars, NANOS_PER_DOLLAR, type Nanos, nanos, parseDollars } from '../ledger/money.ts';
import { CommandFailed } from './command.ts';
import { chooseTestCard, type DemoClient, signedIn, waitFor } from './demo-client.ts';
import type { DemoFile } from './demo-file.ts';
import { sendEvents } from './replay/sender.ts';
import { parseTrace, shiftToEndAt, type TraceEvent, traceEvents } from './replay/trace.ts';

const TRACE = new URL('demo/trace.csv', import.meta.url);
const MODEL = 'gpt-4';
const REQUESTS_AT_ONCE = 40;
const TEST_CARD = 'pm_card_visa';
const MANUAL_AMOUNT = '25.00';
const AUTO_AMOUNT = '25.00';
const MONTHLY_CAP = '2000.00';
const LEAST_THRESHOLD = 20n * NANOS_PER_DOLLAR;
/** What the story uses up at most: well below what the bundled trace costs. */
const MOST_DRAINED = 30n * NANOS_PER_DOLLAR;
const DEADLINE_MS = 60_000;

const accountShape = z.object({ balance: z.string() });
const setupShape = z.object({ setupUrl: z.string() });
const checkoutShape = z.object({ id: z.string(), checkoutUrl: z.string() });
const topUpShape = z.object({ id: z.string(), state: z.string() });
const cardsShape = z.object({ items: z.array(z.object({ id: z.string() })) });
const anything = z.unknown();
const topUpLines = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      amount: z.string(),
      mode: z.string().optional(),
      payer: z.object({ name: z.string().nullable() }).optional(),
    }),
  ),
});
const mails = z.object({ items: z.array(z.object({ subject: z.string(), receivedAt: z.string() })) });

interface Scene {
  readonly demo: DemoFile;
  readonly owner: DemoClient;
  readonly member: DemoClient;
  readonly accountPath: string;
  readonly tell: (line: string) => void;
}

/** Plays the story once, each step told in a line; what does not happen in time ends it in one line. */
export async function tellStory(demo: DemoFile, tell: (line: string) => void): Promise<void> {
  const { owner, member } = demo.people;
  const scene: Scene = {
    demo,
    owner: await signedIn(demo.baseUrl, owner.email, owner.password),
    member: await signedIn(demo.baseUrl, member.email, member.password),
    accountPath: `/v1/accounts/${demo.organization.accountId}`,
    tell,
  };
  tell(`Acme's balance is ${dollars(await balance(scene))}.`);
  const paymentMethodId = await saveCard(scene);
  await topUpByHand(scene);
  const threshold = await enableAutoTopUp(scene, paymentMethodId);
  const known = await knownAutoTopUps(scene);
  const drainedFrom = systemClock();
  const refilled = await drain(scene, threshold, known);
  tell(
    `Auto top-up charged ${refilled.payer?.name ?? 'the sponsor'}'s card ${dollars(parseDollars(refilled.amount))}: ` +
      `the balance is ${dollars(await balance(scene))}.`,
  );
  await readNotice(scene, drainedFrom);
  tell('Every request above is one line of the history, with its member, API key, model, tokens and cost.');
}

async function saveCard({ owner, tell }: Scene): Promise<string> {
  const cards = () => owner.get('/v1/me/payment-methods', cardsShape).then(({ items }) => items[0]?.id);
  const known = await cards();
  if (known !== undefined) {
    tell("The owner's card is saved from before.");
    return known;
  }
  const setup = await owner.write('POST', '/v1/me/payment-methods', {}, setupShape);
  await chooseTestCard(setup.setupUrl, TEST_CARD);
  const saved = await waitFor('Saving the card', cards, DEADLINE_MS);
  tell("The owner saved a card on Stripe's page, to be charged only by rules of their own.");
  return saved;
}

async function topUpByHand(scene: Scene): Promise<void> {
  const { member, accountPath, tell } = scene;
  const topUp = await member.write(
    'POST',
    `${accountPath}/top-ups`,
    { amount: MANUAL_AMOUNT },
    checkoutShape,
  );
  await chooseTestCard(topUp.checkoutUrl, TEST_CARD);
  await waitFor(
    'The top-up by hand',
    async () => {
      const { state } = await member.get(`${accountPath}/top-ups/${topUp.id}`, topUpShape);
      if (state === 'not-completed') throw new CommandFailed('The top-up by hand was not completed.');
      return state === 'paid' ? state : undefined;
    },
    DEADLINE_MS,
  );
  tell(
    `A member added $${MANUAL_AMOUNT} with their own card: the balance is ${dollars(await balance(scene))}.`,
  );
}

/** The threshold lies where the bundled requests take the balance below it, whatever was played before. */
async function enableAutoTopUp(scene: Scene, paymentMethodId: string): Promise<Nanos> {
  const { owner, accountPath, tell } = scene;
  const known = await knownAutoTopUps(scene);
  const now = await balance(scene);
  const above = now - MOST_DRAINED;
  const whole = nanos(above > LEAST_THRESHOLD ? above - (above % NANOS_PER_DOLLAR) : LEAST_THRESHOLD);
  const threshold = formatDollars(whole);
  const rule = { threshold, amount: AUTO_AMOUNT, monthlyCap: MONTHLY_CAP, paymentMethodId };
  await owner.write('PUT', `${accountPath}/auto-top-up`, rule, anything);
  tell(
    `The owner enabled auto top-up: below $${threshold}, charge $${AUTO_AMOUNT}; at most $${MONTHLY_CAP} a month.`,
  );
  if (now < whole) {
    const charged = async () => (await autoTopUps(scene)).find(({ id }) => !known.has(id));
    await waitFor('Auto top-up of a balance below its threshold', charged, DEADLINE_MS);
    tell(
      `The balance was below it, so the card was charged at once: it is ${dollars(await balance(scene))}.`,
    );
  }
  return whole;
}

/** Sends real requests until the balance falls below the threshold; returns the auto top-up that answers it. */
async function drain(scene: Scene, threshold: Nanos, known: ReadonlySet<string>) {
  const { demo, tell } = scene;
  const newTopUp = async () => (await autoTopUps(scene)).find(({ id }) => !known.has(id));
  const events = freshEvents(demo);
  for (let sent = 0; sent < events.length; sent += REQUESTS_AT_ONCE) {
    const some = events.slice(sent, sent + REQUESTS_AT_ONCE);
    const totals = await sendEvents(some, {
      baseUrl: demo.baseUrl,
      gatewayToken: demo.gatewayToken,
      batch: 10,
      concurrency: 2,
      patienceMs: DEADLINE_MS,
    });
    if (totals.recorded !== some.length)
      throw new CommandFailed(`Requests were not recorded: ${totals.reasons.join('; ')}`);
    const left = await balance(scene);
    tell(
      `${some.length} requests of three members cost ${dollars(totals.recordedCost)}: the balance is ${dollars(left)}.`,
    );
    const refilled = await newTopUp();
    if (refilled !== undefined) return refilled;
    if (left < threshold) {
      tell(`It is below $${formatDollars(threshold)}: the account's workflow decides.`);
      return waitFor('Auto top-up', newTopUp, DEADLINE_MS);
    }
  }
  throw new CommandFailed('The bundled requests did not take the balance below the threshold.');
}

/** The bundled requests as if they had just happened: new ids each time the story is played. */
function freshEvents({ organization }: DemoFile): TraceEvent[] {
  const trace = parseTrace(readFileSync(TRACE, 'utf8'));
  const nowMs = systemClock().getTime();
  const { owner, admin, member } = organization.apiKeys;
  return traceEvents(
    { ...trace, hash: `${trace.hash}:${nowMs}` },
    { shiftMs: shiftToEndAt(trace, nowMs), model: MODEL, apiKeyIds: [owner.id, admin.id, member.id] },
  );
}

async function readNotice({ demo, tell }: Scene, since: Date): Promise<void> {
  const to = encodeURIComponent(demo.people.owner.email);
  const notice = await waitFor(
    'The mail to the owner',
    async () => {
      const response = await fetch(`${demo.mailUrl}/messages?to=${to}`);
      const { items } = mails.parse(await response.json());
      return items.find(({ receivedAt }) => new Date(receivedAt) >= since);
    },
    DEADLINE_MS,
  );
  tell(`Mail to the owner: "${notice.subject}" (${demo.mailUrl}).`);
}

async function knownAutoTopUps(scene: Scene): Promise<Set<string>> {
  return new Set((await autoTopUps(scene)).map(({ id }) => id));
}

async function autoTopUps({ owner, accountPath }: Scene) {
  const { items } = await owner.get(`${accountPath}/transactions?type=top-up&limit=50`, topUpLines);
  return items.filter(({ mode }) => mode === 'auto');
}

async function balance({ member, accountPath }: Scene): Promise<Nanos> {
  return parseDollars((await member.get(accountPath, accountShape)).balance);
}

/** For people: dollars and cents. */
function dollars(amount: Nanos): string {
  const cents = (Number(amount / 10_000n) / 100_000).toFixed(2);
  return cents.startsWith('-') ? `−$${cents.slice(1)}` : `$${cents}`;
}
