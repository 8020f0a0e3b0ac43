// The words of the mails about sign-in: confirming addresses, choosing passwords, and what has changed.
import type { Notice } from '../../ledger/notices.ts';

/** Subject and lines of a mail about sign-in; undefined for a notice about something else. */
export function signInText({ kind, details }: Notice): { subject: string; lines: string[] } | undefined {
  const link = textOf(details['link']);
  switch (kind) {
    case 'verify-email':
      return {
        subject: 'Confirm your e-mail address',
        lines: [
          'Welcome to Coffer. Open this link to confirm your e-mail address; it works for an hour and signs you in:',
          '',
          link,
          '',
          'If you did not sign up, do nothing: without the link nobody gets in with your address.',
        ],
      };
    case 'sign-up-again':
      return {
        subject: 'You are signed up already',
        lines: [
          'Somebody, probably you, just signed up with your e-mail address, which is known to Coffer already.',
          'The password that was given then was not kept. Sign in with the one you have, or choose one with this link,',
          'which works once and for an hour:',
          '',
          link,
          '',
          'If it was not you, do nothing.',
        ],
      };
    case 'reset-password':
      return {
        subject: 'Choose a new password',
        lines: [
          'Open this link to choose a new password; it works once and for an hour. You are then signed out everywhere:',
          '',
          link,
          '',
          'If you did not ask for it, do nothing: your password stays as it is.',
        ],
      };
    case 'confirm-new-email':
      return {
        subject: 'Do you want to change your e-mail address?',
        lines: [
          `Somebody who is signed in as you wants to change your e-mail address to ${textOf(details['newEmail'])}.`,
          'If that is you, open this link, which works for an hour; then the new address gets a link of its own:',
          '',
          link,
          '',
          'If it is not you, change your password now and sign out everywhere.',
        ],
      };
    case 'verify-new-email':
      return {
        subject: 'Confirm your new e-mail address',
        lines: [
          'Open this link to use this address with Coffer from now on; it works for an hour:',
          '',
          link,
          '',
          'If you did not ask for it, do nothing.',
        ],
      };
    case 'email-changed':
      return {
        subject: 'Your e-mail address was changed',
        lines: ['Coffer uses your new e-mail address from now on, and this one no more.', ...NOT_YOU],
      };
    case 'password-changed':
      return {
        subject: 'Your password was changed',
        lines: ['Your password was changed, and you were signed out everywhere else.', ...NOT_YOU],
      };
    case 'two-factor-enabled':
      return {
        subject: 'Two-factor sign-in is on',
        lines: [
          'From now on, signing in takes a code of your authenticator. Keep the backup codes in a safe place.',
          ...NOT_YOU,
        ],
      };
    case 'two-factor-disabled':
      return {
        subject: 'Two-factor sign-in is off',
        lines: ['From now on, signing in takes only your password.', ...NOT_YOU],
      };
    default:
      return undefined;
  }
}

const NOT_YOU = [
  'If that was not you, choose a new password now: "forgot password" where you sign in mails you a link.',
];

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
