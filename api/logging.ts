// Logging: JSON lines by pino in which no secret, no card data and no e-mail address ever stands.
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

const SECRET_NAMES = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["stripe-signature"]',
  '["set-auth-token"]',
  'password',
  'secret',
  'token',
  'email',
  'client_secret',
  'clientSecret',
];

/** Secrets that may stand inside a text: ours, Stripe's, whose card it is, a bearer token, the password of a URL, an e-mail address. */
const SECRETS_IN_TEXT = [
  /\bcof_(?:live|test|gateway|operator|organization|invitation)_\w+/g,
  /\b(?:sk|rk|pk)_(?:test|live)_\w+/g,
  /\bwhsec_[\w+/=]+/g,
  /\b(?:pi|seti|cs)_\w+_secret_\w+/g,
  /\b(?:pm|cus|card|src|mandate|seti|cs_test|cs_live)_(?:(?=[A-Za-z]*\d)[A-Za-z0-9]{8,}|[A-Za-z]{14,})/g,
  /(?<=\bbearer\s+)[\w.~+/%=-]+/gi,
  /(?<=:\/\/[^\s:/@]*:)[^\s/@]+(?=@)/g,
  /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g,
];

/** The process's logger; `name` says which process. */
export function createLogger(name: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    name,
    level,
    redact: {
      paths: SECRET_NAMES.flatMap((secret) => [secret, join('*', secret), join('*.*', secret)]),
      censor: '[redacted]',
    },
    serializers: { err: loggedError, error: loggedError },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

function join(prefix: string, secret: string): string {
  return secret.startsWith('[') ? `${prefix}${secret}` : `${prefix}.${secret}`;
}

/** A text without the secrets that are known by their form. */
export function withoutSecrets(text: string): string {
  return SECRETS_IN_TEXT.reduce((cleaned, secret) => cleaned.replace(secret, '[redacted]'), text);
}

/** Of an error only what names the fault: fields such as a database's `detail` quote people's data. */
function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return withoutSecrets(String(error));
  return {
    type: error.name,
    message: withoutSecrets(error.message),
    ...('code' in error && { code: String(error.code) }),
    stack: withoutSecrets(error.stack ?? ''),
    ...(error.cause !== undefined && { cause: loggedError(error.cause) }),
  };
}
