// Where the parts of a stack are, and the environment that tells the processes about each other.
import type { StackConfig } from './config.ts';
import type { Secrets } from './secrets.ts';
import type { StackPorts } from './stack-ports.ts';

/** Where everything is, and with which secrets it is reached. */
export interface StackAddresses {
  /** The folder of this stack. */
  home: string;
  baseUrl: string;
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  /** Undefined where the Temporal server is not ours. */
  temporalUiUrl: string | undefined;
  /** Undefined where Stripe itself is used. */
  sandboxUrl: string | undefined;
  mailUrl: string;
  stripeSecretKey: string;
  stripeWebhookSecrets: string;
  authSecret: string;
}

/** Addresses for people and browsers say `localhost`: sessions and passkeys belong to a host name. */
export function addressesOf(config: StackConfig, ports: StackPorts, secrets: Secrets): StackAddresses {
  const usesSandbox = config.stripeSecretKey === undefined;
  const ownDatabase = `postgres://coffer:${encodeURIComponent(secrets.postgresPassword)}@127.0.0.1:${ports.postgres}/coffer`;
  return {
    home: config.home,
    baseUrl: `http://localhost:${ports.api}`,
    databaseUrl: config.databaseUrl ?? ownDatabase,
    temporalAddress: config.temporalAddress ?? `127.0.0.1:${ports.temporal}`,
    temporalNamespace: config.temporalNamespace,
    temporalUiUrl: config.temporalAddress === undefined ? `http://localhost:${ports.temporalUi}` : undefined,
    sandboxUrl: usesSandbox ? `http://localhost:${ports.sandbox}` : undefined,
    mailUrl: `http://localhost:${ports.mail}`,
    stripeSecretKey: config.stripeSecretKey ?? secrets.stripeSecretKey,
    stripeWebhookSecrets:
      (usesSandbox ? undefined : config.stripeWebhookSecrets) ?? secrets.stripeWebhookSecret,
    authSecret: secrets.authSecret,
  };
}

type Environment = Record<string, string>;

/** What API and worker are configured by. */
export function cofferEnvironment(addresses: StackAddresses, ports: StackPorts): Environment {
  const sandbox = { STRIPE_API_BASE: `http://127.0.0.1:${ports.sandbox}` };
  return {
    DATABASE_URL: addresses.databaseUrl,
    TEMPORAL_ADDRESS: addresses.temporalAddress,
    TEMPORAL_NAMESPACE: addresses.temporalNamespace,
    STRIPE_SECRET_KEY: addresses.stripeSecretKey,
    STRIPE_WEBHOOK_SECRETS: addresses.stripeWebhookSecrets,
    ...(addresses.sandboxUrl !== undefined && sandbox),
    COFFER_BASE_URL: addresses.baseUrl,
    COFFER_HOST: '127.0.0.1',
    COFFER_PORT: String(ports.api),
    COFFER_AUTH_SECRET: addresses.authSecret,
    SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
    MAIL_FROM: 'Coffer <coffer@localhost>',
    WORKER_METRICS_PORT: String(ports.worker),
  };
}

/** What the Stripe sandbox is configured by. */
export function sandboxEnvironment(
  addresses: StackAddresses,
  ports: StackPorts,
  secrets: Secrets,
): Environment {
  return {
    SANDBOX_PORT: String(ports.sandbox),
    SANDBOX_DATA: `${addresses.home}/sandbox.db`,
    SANDBOX_BASE_URL: `http://localhost:${ports.sandbox}`,
    SANDBOX_WEBHOOK_URL: `http://127.0.0.1:${ports.api}/webhooks/stripe`,
    SANDBOX_WEBHOOK_SECRET: secrets.stripeWebhookSecret,
    STRIPE_SECRET_KEY: addresses.stripeSecretKey,
  };
}

/** What the mail catcher is configured by. */
export function mailEnvironment(addresses: StackAddresses, ports: StackPorts): Environment {
  return {
    MAIL_HTTP_PORT: String(ports.mail),
    MAIL_SMTP_PORT: String(ports.smtp),
    MAIL_DATA: `${addresses.home}/mail.jsonl`,
  };
}
