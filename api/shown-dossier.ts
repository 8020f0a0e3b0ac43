// One account as operators see it: its owner, members, rule, last decisions and what is under way; never a card.
import { z } from 'zod';
import { formatDollars, type Nanos } from '../ledger/money.ts';
import type { AccountDossier } from '../ledger/reading/account-dossier.ts';
import type { AccountReading } from '../ledger/reading/accounts.ts';
import { amount, named, timestamp } from './schemas.ts';
import { account, shownAccount } from './shown-account.ts';

const rule = z
  .strictObject({
    sponsor: named,
    threshold: amount,
    amount: amount.nullable(),
    targetBalance: amount.nullable(),
    monthlyCap: amount,
    state: z.enum(['enabled', 'suspended']),
    suspension: z.string().nullable(),
    nextEvaluationAt: timestamp.nullable(),
  })
  .meta({ id: 'DossierRule' });

const decision = z
  .strictObject({
    decidedAt: timestamp,
    decision: z.string(),
    reason: z.string(),
    balance: amount,
    threshold: amount,
    amount: amount.nullable(),
    topUpId: z.uuid().nullable(),
  })
  .meta({ id: 'Decision' });

const openTopUp = z
  .strictObject({
    id: z.uuid(),
    mode: z.enum(['manual', 'auto']),
    state: z.enum(['open', 'processing', 'unknown']),
    amount,
    payer: named,
    createdAt: timestamp,
    attempt: z.int(),
    nextAttemptAt: timestamp.nullable(),
    paymentIntentId: z.string().nullable(),
  })
  .meta({ id: 'OpenTopUp' });

export const dossier = z
  .strictObject({
    account,
    email: z.string().nullable().describe('Of the person whose personal account it is.'),
    slug: z.string().nullable().describe('Of the organization.'),
    closedAt: timestamp.nullable(),
    members: z.array(
      z.strictObject({
        id: z.uuid(),
        name: z.string(),
        email: z.string(),
        role: z.string(),
        joinedAt: timestamp,
      }),
    ),
    rule: rule.nullable(),
    decisions: z.array(decision).describe('The last ones of auto top-up, newest first.'),
    openTopUps: z.array(openTopUp),
  })
  .meta({ id: 'AccountDossier' });

/** An account with all that belongs to it, as JSON. */
export function shownDossier(reading: AccountReading, found: AccountDossier): z.input<typeof dossier> {
  return {
    account: shownAccount(reading),
    email: found.email,
    slug: found.slug,
    closedAt: found.closedAt?.toISOString() ?? null,
    members: found.members.map((member) => ({ ...member, joinedAt: member.joinedAt.toISOString() })),
    rule: found.rule && {
      ...found.rule,
      threshold: formatDollars(found.rule.threshold),
      amount: dollarsOrNull(found.rule.amount),
      targetBalance: dollarsOrNull(found.rule.targetBalance),
      monthlyCap: formatDollars(found.rule.monthlyCap),
      nextEvaluationAt: found.rule.nextEvaluationAt?.toISOString() ?? null,
    },
    decisions: found.decisions.map((one) => ({
      ...one,
      decidedAt: one.decidedAt.toISOString(),
      balance: formatDollars(one.balance),
      threshold: formatDollars(one.threshold),
      amount: dollarsOrNull(one.amount),
    })),
    openTopUps: found.openTopUps.map((one) => ({
      ...one,
      amount: formatDollars(one.amount),
      createdAt: one.createdAt.toISOString(),
      nextAttemptAt: one.nextAttemptAt?.toISOString() ?? null,
    })),
  };
}

function dollarsOrNull(value: Nanos | null): string | null {
  return value === null ? null : formatDollars(value);
}
