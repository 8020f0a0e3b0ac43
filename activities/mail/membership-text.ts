// The words of the mails about membership: invitations, and how being a member or a sponsor ended.
import type { Notice } from '../../ledger/notices.ts';

/** Subject and lines of a mail about membership; undefined for a notice about something else. */
export function membershipText(
  notice: Notice,
  whose: string,
  baseUrl: string,
): { subject: string; lines: string[] } | undefined {
  switch (notice.kind) {
    case 'invitation':
      return invitationText(notice, whose, baseUrl);
    case 'member-removed':
      return {
        subject: `You are no longer a member of ${whose}`,
        lines: [
          `You were removed from ${whose}. Your API keys there have ended, but for those handed to another member.`,
          'Your own account and its credit are as they were.',
        ],
      };
    case 'organization-closed':
      return {
        subject: `${whose} was closed`,
        lines: [
          `${whose} was closed for good: its API keys have ended, and no card is charged for it any more.`,
          'Your own account and its credit are as they were.',
        ],
      };
    case 'sponsorship-ended':
      return {
        subject: `Your card is no longer used for ${whose}`,
        lines: [
          `You are no longer an owner or admin of ${whose}, so its auto top-up is paused and does not charge your card.`,
          'A charge that was sent before is still credited there.',
        ],
      };
    default:
      return undefined;
  }
}

function invitationText(
  { invitation, details }: Notice,
  whose: string,
  baseUrl: string,
): { subject: string; lines: string[] } {
  const inviter = invitation?.inviter ?? 'Somebody';
  const until = invitation?.expiresAt.toISOString().slice(0, 10) ?? '';
  return {
    subject: `${inviter} invites you to ${whose}`,
    lines: [
      `${inviter} invites you to join ${whose} as ${invitation?.role ?? 'member'}.`,
      `Open this link, which works once, until ${until}, and sign in or sign up by this e-mail address:`,
      '',
      `${baseUrl}/invitations/${String(details['secret'])}`,
      '',
      'If you do not know what this is about, do nothing.',
    ],
  };
}
