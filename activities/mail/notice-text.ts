// The words of each notice. Never a card, never a bank's reason: those are for the card's owner, on Stripe's pages.
import { formatDollars, nanosFromString } from '../../ledger/money.ts';
import type { Notice } from '../../ledger/notices.ts';
import { membershipText } from './membership-text.ts';
import { signInText } from './sign-in-text.ts';

export interface NoticeText {
  readonly subject: string;
  readonly text: string;
}

/** What a notice says. `baseUrl` is where its reader goes on. */
export function noticeText(notice: Notice, baseUrl: string): NoticeText {
  const whose = notice.organization ?? 'your personal account';
  const { name } = notice.person;
  const { subject, lines } =
    signInText(notice) ?? membershipText(notice, whose, baseUrl) ?? bodyOf(notice, whose, baseUrl);
  const greeting = name === null ? 'Hello,' : `Hello ${name},`;
  return { subject, text: [greeting, '', ...lines, '', baseUrl, ''].join('\n') };
}

function bodyOf(notice: Notice, whose: string, baseUrl: string): { subject: string; lines: string[] } {
  switch (notice.kind) {
    case 'top-up-paid': {
      const amount = `$${amountOf(notice)}`;
      if (notice.details['mode'] !== 'auto') {
        return {
          subject: `${amount} of credit for ${whose}`,
          lines: [`Thank you. Your payment of ${amount} was received and is in the balance of ${whose}.`],
        };
      }
      return {
        subject: `Auto top-up: ${amount} for ${whose}`,
        lines: [
          `The balance of ${whose} fell below its threshold, so your saved card was charged ${amount}.`,
          'The credit is in the balance. You can change or switch off auto top-up at any time.',
        ],
      };
    }
    case 'auto-top-up-declined':
      return {
        subject: `Auto top-up for ${whose} did not go through`,
        lines: [
          `Your card was not charged for ${whose}. It is tried again later; nothing needs doing if it works then.`,
          'To be safe, add credit yourself or choose another card.',
        ],
      };
    case 'auto-top-up-suspended':
      return {
        subject: `Auto top-up for ${whose} is paused`,
        lines: [
          `Auto top-up for ${whose} is paused, and no card is charged until it is switched on again.`,
          'An owner or admin can switch it on with a card of their own; anybody can add credit by hand.',
        ],
      };
    case 'auto-top-up-recovery':
      return {
        subject: `Your bank wants you to confirm a payment for ${whose}`,
        lines: [
          `Auto top-up wanted to charge your card $${amountOf(notice)} for ${whose}, but your bank asks for your confirmation.`,
          'Nothing was charged, and auto top-up is paused. Pay it yourself, and auto top-up goes on:',
          '',
          `${baseUrl}/billing/recover/${notice.details['topUpId']}`,
          '',
          'The link is for you alone: it asks you to sign in.',
        ],
      };
    case 'auto-top-up-cap-reached':
      return {
        subject: `Auto top-up for ${whose} has reached its monthly cap`,
        lines: [
          `The monthly cap of auto top-up for ${whose} leaves no room for another charge, so none is made this month.`,
          'Its sponsor can raise the cap; anybody can add credit by hand.',
        ],
      };
    default:
      return {
        subject: `News about ${whose}`,
        lines: ['There is news about credit: please sign in to read it.'],
      };
  }
}

function amountOf({ details }: Notice): string {
  const amount = details['amount'];
  return typeof amount === 'string' ? formatDollars(nanosFromString(amount)) : '';
}
