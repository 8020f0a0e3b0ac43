// Tables of the sign-in library in our words: which table and column of schema `auth` (migration 0002) is which.

const TIMES = { createdAt: 'created_at', updatedAt: 'updated_at' };

export const personTable = {
  modelName: 'people',
  fields: { emailVerified: 'email_verified', ...TIMES },
};

/** What the library's two-factor plugin keeps, and the column it adds to a person. */
export const twoFactorTables = {
  user: { fields: { twoFactorEnabled: 'two_factor_enabled' } },
  twoFactor: {
    modelName: 'two_factors',
    fields: {
      backupCodes: 'backup_codes',
      userId: 'person_id',
      failedVerificationCount: 'failed_verification_count',
      lockedUntil: 'locked_until',
    },
  },
};

export const sessionTable = {
  modelName: 'sessions',
  fields: {
    userId: 'person_id',
    expiresAt: 'expires_at',
    ipAddress: 'ip_address',
    userAgent: 'user_agent',
    ...TIMES,
  },
  additionalFields: {
    /** Set by api/principal.ts, once a minute at most. */
    lastSeenAt: { type: 'date', required: false, input: false, fieldName: 'last_seen_at' },
  },
} as const;

export const credentialTable = {
  modelName: 'credentials',
  fields: {
    userId: 'person_id',
    providerId: 'provider_id',
    accountId: 'subject',
    accessToken: 'access_token',
    refreshToken: 'refresh_token',
    idToken: 'id_token',
    accessTokenExpiresAt: 'access_token_expires_at',
    refreshTokenExpiresAt: 'refresh_token_expires_at',
    ...TIMES,
  },
};

export const verificationTable = {
  modelName: 'verifications',
  fields: { expiresAt: 'expires_at', ...TIMES },
};
