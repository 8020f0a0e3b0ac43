// The worker's settings from the environment: parsed once, with one line for every variable that is wrong.
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const ENVIRONMENT = z
  .object({
    LOG_LEVEL: z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`).default('info'),
    DATABASE_URL: z
      .string('must be set: the URL of the Postgres database, postgres://user:password@host:port/name')
      .regex(/^postgres(ql)?:\/\//, 'must be a URL like postgres://user:password@host:port/name'),
    TEMPORAL_ADDRESS: z
      .string()
      .regex(/^[^/\s]+:\d+$/, 'must be host:port')
      .optional(),
    TEMPORAL_TASK_QUEUE: z.string().default('coffer'),
    STRIPE_SECRET_KEY: z
      .string('must be set: a Stripe secret key (sk_test_… or sk_live_…)')
      .regex(/^(sk|rk)_(test|live)_\w+$/, 'must be a Stripe secret key (sk_test_… or sk_live_…)'),
    STRIPE_API_BASE: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional(),
    COFFER_BASE_URL: z
      .url({
        protocol: /^https?$/,
        error:
          'must be the public http(s) URL of the API, like https://credits.example.com: mails and payment pages lead there',
      })
      .default('http://localhost:8080'),
    COFFER_DEPLOYMENT: z
      .string()
      .regex(/^[a-z0-9-]{1,40}$/, 'must be 1 to 40 lower-case letters, digits and hyphens')
      .default('default'),
    SMTP_URL: z
      .url({
        protocol: /^smtps?$/,
        error: 'must be the URL of an SMTP server, smtp(s)://user:password@host:port',
      })
      .optional(),
    MAIL_FROM: z
      .string()
      .regex(/\S@\S/, 'must be an address, like Coffer <coffer@example.com>')
      .default('Coffer <coffer@localhost>'),
    SETTLEMENT_INTERVAL_MS: wholeNumber(10, 86_400_000, 'milliseconds').default(5_000),
    SWEEP_INTERVAL_MS: wholeNumber(10, 86_400_000, 'milliseconds').default(1_000),
    SWEEP_RINGS_PER_SECOND: wholeNumber(1, 10_000, 'rings').default(10),
    WORKER_METRICS_PORT: wholeNumber(0, 65_535, 'a port; 0 for a free one').default(0),
    COFFER_HOST: z.string().default('127.0.0.1'),
  })
  .refine(
    ({ STRIPE_API_BASE, STRIPE_SECRET_KEY }) =>
      STRIPE_API_BASE === undefined || /^(sk|rk)_test_/.test(STRIPE_SECRET_KEY),
    {
      path: ['STRIPE_API_BASE'],
      error: 'may only be set beside a test key (sk_test_…): a live key goes to Stripe itself',
    },
  );

function wholeNumber(least: number, most: number, unit: string) {
  const error = `must be a whole number from ${least} to ${most} (${unit})`;
  return z.coerce.number(error).int(error).min(least, error).max(most, error);
}

export type WorkerConfig = z.infer<typeof ENVIRONMENT> & {
  /** Address, namespace and credentials of Temporal, from the `TEMPORAL_*` variables of its SDKs. */
  readonly temporal: ReturnType<typeof loadClientConnectConfig>;
};

/** A variable is missing or wrong; the message names each and says what it must be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Parses the environment; an empty variable counts as left out. Throws `ConfigError`. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) if (value) given[name] = value;
  const parsed = ENVIRONMENT.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('\n'),
    );
  }
  const loaded = loadClientConnectConfig({
    disableFile: given['TEMPORAL_CONFIG_FILE'] === undefined,
    overrideEnvVars: given,
  });
  return { ...parsed.data, temporal: { ...loaded, namespace: loaded.namespace ?? 'default' } };
}
