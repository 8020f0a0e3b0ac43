// Everything that can happen to an account's charges, below Stripe: a bank that took money or did not, told late, twice or never.
import { v7 as uuidv7 } from 'uuid';
import { SYSTEM } from '../../ledger/acting.ts';
import { type Pool, withTransaction } from '../../ledger/database.ts';
import { setAccountState } from '../../ledger/freezing.ts';
import { nanos } from '../../ledger/money.ts';
import {
  beginAttempt,
  type DeclineClass,
  endNeverSent,
  freeAutoTopUp,
  markUnknown,
  namePaymentIntent,
  recordDecline,
} from '../../ledger/payments/attempts.ts';
import { detachPaymentMethod } from '../../ledger/payments/payment-methods.ts';
import { type QuarantineResolution, resolveQuarantine } from '../../ledger/payments/quarantine.ts';
import { findUnconfirmed, reserveRecovery } from '../../ledger/payments/recoveries.ts';
import { removeRule, setRule, withRuleLocked } from '../../ledger/payments/rules.ts';
import { creditPayment, quarantinePayment } from '../../ledger/payments/settlement.ts';
import { closeTopUp } from '../../ledger/payments/top-ups.ts';
import { openAndPost } from '../../ledger/posting.ts';
import { Refusal } from '../../ledger/refusal.ts';
import type { Dice } from './soak.ts';
import { createSponsoredTeam } from './sponsored-team.ts';

const DAY_MS = 86_400_000;
const CENTS = 2_000;
const DECLINES: readonly DeclineClass[] = [
  'soft',
  'authentication',
  'authentication',
  'rate-limit',
  'state-wrong',
];

export interface ChargeWorld {
  readonly accountId: string;
  /** What may happen; how often it stands here is how likely it is. */
  readonly happenings: readonly (() => Promise<unknown>)[];
  /** Tells of every charge for which the bank took money; returns their PaymentIntents. */
  settleAll(): Promise<string[]>;
}

interface Charge {
  readonly topUpId: string;
  readonly attempt: number;
  readonly paymentIntentId: string;
  readonly isTaken: boolean;
}

/** An organization whose rule has just decided on a charge of $20. */
export async function createChargeWorld(pool: Pool, dice: Dice, now: () => Date): Promise<ChargeWorld> {
  const { team, sponsor, card } = await createSponsoredTeam(pool, dice.pick(['owner', 'admin']));
  const { accountId } = team;
  const { personId } = sponsor;
  const change = () => ({ accountId, stewards: [], actor: SYSTEM, now: now() });

  const topUps = async (mode: 'manual' | 'auto'): Promise<string[]> => {
    const { rows } = await pool.query<{ id: string }>(
      'select id from top_ups where account_id = $1 and mode = $2 order by id desc',
      [accountId, mode],
    );
    return rows.map(({ id }) => id);
  };
  const charges = async (): Promise<Charge[]> => {
    const { rows } = await pool.query<{ top_up_id: string; attempt: number }>(
      `select a.top_up_id, a.attempt from top_up_attempts a join top_ups t on t.id = a.top_up_id
       where t.account_id = $1 order by a.first_sent_at desc`,
      [accountId],
    );
    return rows.map(({ top_up_id, attempt }) => ({
      topUpId: top_up_id,
      attempt,
      paymentIntentId: `pi_${top_up_id}_${attempt}`,
      isTaken: (Number.parseInt(top_up_id.slice(-1), 16) + attempt) % 2 === 0,
    }));
  };
  const newest = async <T>(found: Promise<T[]>, work: (one: T) => Promise<unknown>) => {
    const [one] = await found;
    if (one !== undefined) await work(one);
  };

  const setAside = ({ topUpId, paymentIntentId }: Charge, reason: string) =>
    quarantinePayment(
      pool,
      { paymentIntentId, topUpId, reason, amountCents: CENTS, currency: 'usd', details: {} },
      now(),
    );
  const credit = async (charge: Charge) => {
    if ((await creditPayment(pool, charge, now())) === 'second') await setAside(charge, 'second-payment');
  };
  const hear = async (charge: Charge) => {
    if (charge.isTaken) return credit(charge);
    await recordDecline(pool, { ...charge, class: dice.pick(DECLINES), code: 'a test' }, now());
  };
  const hearWrong = async (charge: Charge) => {
    const { rows } = await pool.query('select from ledger_commands where key = $1', [
      `purchase:${charge.paymentIntentId}`,
    ]);
    if (!charge.isTaken || rows.length > 0) return;
    await namePaymentIntent(pool, charge, charge.paymentIntentId);
    await setAside(charge, 'amount');
  };
  const decide = async () => {
    const { rows } = await pool.query<{ id: string }>(
      `select q.payment_intent_id as id from quarantined_payments q join top_ups t on t.id = q.top_up_id
       where t.account_id = $1`,
      [accountId],
    );
    const resolutions: readonly QuarantineResolution[] = ['credited', 'kept-out'];
    await Promise.all(
      rows.flatMap(({ id }) =>
        resolutions.map((resolution) => {
          const by = { reason: 'a test', operator: resolution, accountId: null, commandId: uuidv7() };
          return unlessRefused(
            resolveQuarantine(pool, { paymentIntentId: id, resolution, ...by }, SYSTEM, now()),
          );
        }),
      ),
    );
  };
  const recover = (topUpId: string) =>
    findUnconfirmed(pool, topUpId, personId).then((found) => {
      const recovery = { id: uuidv7(), topUpId, expiresAt: new Date(now().getTime() + DAY_MS) };
      return found?.isWaiting === true ? reserveRecovery(pool, recovery, now()) : undefined;
    });
  const payPages = async () => {
    for (const id of await topUps('manual'))
      await creditPayment(pool, { topUpId: id, attempt: null, paymentIntentId: `pi_${id}` }, now());
  };
  const giveUp = async (charge: Charge) => {
    await markUnknown(pool, charge.topUpId, now());
    // the look-up of a day later, which finds nothing
    if (!charge.isTaken) await endNeverSent(pool, charge, new Date(now().getTime() + 2 * DAY_MS));
  };
  const set = () =>
    withRuleLocked(pool, change(), (connection) => {
      const terms = {
        threshold: nanos(10_000_000_000n),
        amount: nanos(20_000_000_000n),
        targetBalance: null,
      };
      const rule = { ...terms, monthlyCap: nanos(100_000_000_000n), resume: true };
      return setRule(connection, { ...rule, accountId, sponsorId: personId, paymentMethodId: card }, now());
    });
  const spend = () =>
    pool.query(`select store_command($1, $2, $3, 'adjustment', $4, '{}', $5)`, [
      uuidv7(),
      accountId,
      uuidv7(),
      -dice.between(5, 40) * 1_000_000_000,
      now(),
    ]);
  const post = () => withTransaction(pool, (connection) => openAndPost(connection, { accountId }, now()));
  const begin = () => newest(topUps('auto'), (id) => beginAttempt(pool, id, now()));
  const turn = (state: 'frozen' | 'open') => () =>
    setAccountState(pool, SYSTEM, { accountId, state, reason: 'a test' }, now());

  const often = [
    post,
    begin,
    () => newest(charges(), hear),
    async () => {
      for (const charge of await charges()) await hear(charge);
    },
    () => newest(topUps('auto'), recover),
    payPages,
    () => unlessRefused(set()),
    spend,
    turn('open'),
    decide,
  ];
  const seldom = [
    turn('frozen'),
    () => newest(charges(), hearWrong),
    () => newest(charges(), giveUp),
    () => newest(topUps('manual'), (id) => closeTopUp(pool, id, 'cancelled', now())),
    () => newest(topUps('auto'), (id) => freeAutoTopUp(pool, id, 'cancelled', now())),
    () => removeRule(pool, change()),
    () => detachPaymentMethod(pool, card, now()),
  ];
  return {
    accountId,
    happenings: [...Array.from({ length: 12 }, () => often).flat(), ...seldom],
    async settleAll() {
      const taken = (await charges()).filter(({ isTaken }) => isTaken);
      for (const charge of taken) await credit(charge);
      await payPages();
      await post();
      return taken.map(({ paymentIntentId }) => paymentIntentId);
    },
  };
}

/** What is refused changes nothing; every other failure is one. */
async function unlessRefused(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
  });
}
