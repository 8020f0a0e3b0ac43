// The API's settings from the environment: parsed once, with one line for every variable that is wrong.
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { addresses, changedRateLimits, origins } from './config-lists.ts';
import type { RateLimitChanges } from './rate-limits.ts';

const ENVIRONMENT = z
  .object({
    NODE_ENV: z.string().default('development'),
    LOG_LEVEL: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
        error: 'must be fatal, error, warn, info, debug, trace or silent',
      })
      .default('info'),
    DATABASE_URL: z
      .string('must be set: the URL of the Postgres database, postgres://user:password@host:port/name')
      .regex(/^postgres(ql)?:\/\//, 'must be a URL like postgres://user:password@host:port/name'),
    TEMPORAL_ADDRESS: z
      .string()
      .regex(/^[^/\s]+:\d+$/, 'must be host:port')
      .default('localhost:7233'),
    TEMPORAL_NAMESPACE: z.string().min(1, 'must not be empty').default('default'),
    TEMPORAL_TASK_QUEUE: z.string().min(1, 'must not be empty').default('coffer'),
    STRIPE_SECRET_KEY: z
      .string('must be set: a Stripe secret key (sk_test_… or sk_live_…)')
      .regex(/^(sk|rk)_(test|live)_\w+$/, 'must be a Stripe secret key (sk_test_… or sk_live_…)'),
    STRIPE_API_BASE: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional(),
    STRIPE_WEBHOOK_SECRETS: z
      .string('must be set: the signing secrets of the webhook, separated by commas (whsec_…)')
      .transform((text) => text.split(',').map((secret) => secret.trim()))
      .refine((secrets) => secrets.every((secret) => /^whsec_\S+$/.test(secret)), {
        error: 'must be one or more secrets that start with whsec_, separated by commas',
      }),
    COFFER_BASE_URL: z
      .url({
        protocol: /^https?$/,
        error: 'must be the public http(s) URL of the API, like https://credits.example.com',
      })
      .transform((url) => url.replace(/\/+$/, '')),
    COFFER_HOST: z.string().min(1, 'must not be empty').default('127.0.0.1'),
    COFFER_PORT: z.coerce
      .number('must be a port number, 0 for a free one')
      .int('must be a whole number')
      .min(0, 'must be a port number, 0 for a free one')
      .max(65_535, 'must be a port number, at most 65535')
      .default(8080),
    COFFER_AUTH_SECRET: z
      .string('must be set: at least 32 random characters that sign sessions')
      .min(32, 'must have at least 32 characters'),
    COFFER_TRUST_PROXY: addresses,
    COFFER_CORS_ORIGINS: origins,
    COFFER_METRICS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
    COFFER_RATE_LIMITS: changedRateLimits,
    COFFER_DEPLOYMENT: z
      .string()
      .regex(/^[a-z0-9-]{1,40}$/, 'must be 1 to 40 lower-case letters, digits and hyphens')
      .default('default'),
  })
  .refine(
    ({ STRIPE_API_BASE, STRIPE_SECRET_KEY }) =>
      STRIPE_API_BASE === undefined || /^(sk|rk)_test_/.test(STRIPE_SECRET_KEY),
    {
      path: ['STRIPE_API_BASE'],
      error: 'may only be set beside a test key (sk_test_…): a live key goes to Stripe itself',
    },
  );

export interface ApiConfig {
  readonly production: boolean;
  readonly logLevel: string;
  readonly host: string;
  readonly port: number;
  /** Where people and Stripe reach this API; without a slash at its end. */
  readonly baseUrl: string;
  readonly deployment: string;
  readonly databaseUrl: string;
  readonly authSecret: string;
  /** The proxies whose word on a caller's address is believed; without any, the connection's own address counts. */
  readonly trustProxy: readonly string[];
  /** Other sites whose pages may call the API with a bearer token. */
  readonly corsOrigins: readonly string[];
  /** What a scraper sends to read `/metrics` from elsewhere. */
  readonly metricsToken: string | undefined;
  readonly rateLimits: RateLimitChanges;
  readonly temporal: ClientConnectConfig;
  readonly taskQueue: string;
  readonly stripe: {
    readonly secretKey: string;
    /** Whether cards are charged for real. */
    readonly live: boolean;
    readonly apiBase: string | undefined;
    readonly webhookSecrets: readonly string[];
  };
}

/** The API's settings. Throws an error whose message has one line per wrong variable, and no value of any. */
export function apiConfig(environment: Record<string, string | undefined> = process.env): ApiConfig {
  const result = ENVIRONMENT.safeParse(environment);
  if (!result.success) {
    throw new Error(
      result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('\n'),
    );
  }
  const given = result.data;
  return {
    production: given.NODE_ENV === 'production',
    logLevel: given.LOG_LEVEL,
    host: given.COFFER_HOST,
    port: given.COFFER_PORT,
    baseUrl: given.COFFER_BASE_URL,
    deployment: given.COFFER_DEPLOYMENT,
    databaseUrl: given.DATABASE_URL,
    authSecret: given.COFFER_AUTH_SECRET,
    trustProxy: given.COFFER_TRUST_PROXY,
    corsOrigins: given.COFFER_CORS_ORIGINS,
    metricsToken: given.COFFER_METRICS_TOKEN,
    rateLimits: given.COFFER_RATE_LIMITS,
    temporal: temporalConfig(environment, given.TEMPORAL_ADDRESS, given.TEMPORAL_NAMESPACE),
    taskQueue: given.TEMPORAL_TASK_QUEUE,
    stripe: {
      secretKey: given.STRIPE_SECRET_KEY,
      live: /^(sk|rk)_live_/.test(given.STRIPE_SECRET_KEY),
      apiBase: given.STRIPE_API_BASE,
      webhookSecrets: given.STRIPE_WEBHOOK_SECRETS,
    },
  };
}

/** Beside address and namespace, everything that Temporal's own variables say (TLS, API key of Temporal Cloud). */
function temporalConfig(
  environment: Record<string, string | undefined>,
  address: string,
  namespace: string,
): ClientConnectConfig {
  return loadClientConnectConfig({
    disableFile: environment['TEMPORAL_CONFIG_FILE'] === undefined,
    overrideEnvVars: { ...environment, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
  });
}
