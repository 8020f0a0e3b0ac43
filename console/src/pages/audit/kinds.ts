// The kinds of the audit: for every action that the database writes down, the sentence that people read.
import type { Told } from './told.ts';

export interface Kind {
  /** The sentence, without who did it: that stands beside it. */
  says(told: Told): string;
  /** Fields that the sentence says already. */
  readonly said?: readonly string[];
}

const A_ROLE: Readonly<Record<string, string>> = { owner: 'an owner', admin: 'an admin', member: 'a member' };
const asRole = (role: string) => A_ROLE[role] ?? role;
const key = (told: Told) => `The key “${told.name('without a name')}”`;
const token = (told: Told) => `The token “${told.after('name') || told.name('without a name')}”`;
const somebody = 'A former member';

const SUSPENSIONS: Readonly<Record<string, string>> = {
  'sponsor-left': ', because its sponsor may no longer set it',
  'switched-off': ', because somebody switched it off',
};

const members: Readonly<Record<string, Kind>> = {
  'member.joined': {
    says: (told) =>
      `${told.name(somebody)} joined as ${asRole(told.after('role'))}${told.has('invitationId') ? ', by an invitation' : ''}`,
    said: ['role', 'invitationId'],
  },
  'member.role-changed': {
    says: (told) => `${told.name(somebody)} became ${asRole(told.after('role'))}`,
  },
  'member.left': { says: (told) => `${told.name(somebody)} left the organization` },
  'member.removed': { says: (told) => `${told.name(somebody)} was removed from the organization` },
  'person.erased': { says: () => 'Everything that was known of this person was erased' },
};

const invitations: Readonly<Record<string, Kind>> = {
  'invitation.sent': {
    says: (told) => `${told.name('Somebody')} was invited as ${asRole(told.after('role'))}`,
    said: ['role'],
  },
  'invitation.resent': {
    says: (told) => `The invitation to ${told.name('somebody')} was sent again`,
  },
  'invitation.declined': { says: (told) => `The invitation to ${told.name('somebody')} was declined` },
  'invitation.revoked': { says: (told) => `The invitation to ${told.name('somebody')} was withdrawn` },
};

const organizations: Readonly<Record<string, Kind>> = {
  'organization.created': {
    says: (told) => `The organization “${told.after('name') || told.name('without a name')}” was made`,
    said: ['name'],
  },
  'organization.renamed': {
    says: (told) =>
      told.before('name') === told.after('name')
        ? 'The organization got another address'
        : 'The organization got another name',
  },
};

const accounts: Readonly<Record<string, Kind>> = {
  'account.frozen': { says: () => 'The account was frozen: nothing is spent or charged', said: ['state'] },
  'account.unfrozen': { says: () => 'The account was opened again', said: ['state'] },
  'account.closed': {
    says: (told) =>
      `The account was closed, with ${told.isNegative('balance') ? 'minus ' : ''}${told.money('balance')} on it`,
    said: ['state', 'balance'],
  },
};

const autoTopUp: Readonly<Record<string, Kind>> = {
  'auto-top-up.enabled': { says: () => 'Auto top-up was switched on', said: ['state'] },
  'auto-top-up.changed': { says: () => 'Auto top-up was changed' },
  'auto-top-up.suspended': {
    says: (told) => `Auto top-up was paused${SUSPENSIONS[told.after('suspension')] ?? ''}`,
    said: ['state', 'suspension'],
  },
  'auto-top-up.resumed': { says: () => 'Auto top-up goes on', said: ['state', 'suspension'] },
  'auto-top-up.removed': { says: () => 'Auto top-up was switched off', said: ['state', 'suspension'] },
};

const credit: Readonly<Record<string, Kind>> = {
  'credit.top-up': {
    says: (told) =>
      told.after('mode') === 'auto'
        ? `Auto top-up added ${told.money('amount')} with the card of ${told.person('after', 'payer')}`
        : `${told.person('after', 'payer')} added ${told.money('amount')}`,
    said: ['amount', 'mode', 'payer'],
  },
  'credit.refund': {
    says: (told) => `${told.money('amount')} was refunded`,
    said: ['amount', 'mode'],
  },
  'credit.refund-reversed': {
    says: (told) => `A refund of ${told.money('amount')} failed and was credited again`,
    said: ['amount', 'mode'],
  },
  'credit.dispute': {
    says: (told) => `A payment of ${told.money('amount')} was disputed and taken back`,
    said: ['amount', 'mode'],
  },
  'credit.dispute-reinstated': {
    says: (told) => `A disputed payment of ${told.money('amount')} was credited again`,
    said: ['amount', 'mode'],
  },
  'credit.grant': { says: (told) => `${told.money('amount')} of credit was granted`, said: ['amount'] },
  'credit.adjustment': {
    says: (told) =>
      told.isNegative('amount')
        ? `An adjustment took ${told.money('amount')} from the balance`
        : `An adjustment added ${told.money('amount')} to the balance`,
    said: ['amount'],
  },
  'payment.kept-out': {
    says: (told) => `A payment of ${told.money('amount')} was kept out of the balance`,
    said: ['amount'],
  },
};

const keys: Readonly<Record<string, Kind>> = {
  'api-key.created': {
    says: (told) => `${key(told)} was made for ${told.person('after', 'member')}`,
    said: ['name', 'member'],
  },
  'api-key.renamed': { says: () => 'A key got another name' },
  'api-key.expiry-changed': { says: (told) => `${key(told)} works until another time` },
  'api-key.changed': { says: (told) => `${key(told)} was changed` },
  'api-key.handed-over': {
    says: (told) =>
      `${key(told)} was handed from ${told.person('before', 'member')} to ${told.person('after', 'member')}`,
    said: ['member'],
  },
  'api-key.rotated': { says: (told) => `${key(told)} got a new secret`, said: ['rotatedAt'] },
  'api-key.revoked': { says: (told) => `${key(told)} was revoked`, said: ['revokedAt'] },
};

const tokens: Readonly<Record<string, Kind>> = {
  'token.created': { says: (told) => `${token(told)} was made`, said: ['name', 'kind'] },
  'token.revoked': { says: (told) => `${token(told)} was revoked`, said: ['revokedAt'] },
};

/** Action → how it is told. */
export const kinds: Readonly<Record<string, Kind>> = {
  ...members,
  ...invitations,
  ...organizations,
  ...accounts,
  ...autoTopUp,
  ...credit,
  ...keys,
  ...tokens,
};
