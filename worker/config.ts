// The worker's configuration: environment variables, parsed once; a wrong one is named with what it must be.
import { loadClientConnectConfig } from '@temporalio/envconfig';
import * as z from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = z.coerce.number().int().min(10).max(86_400_000);

const schema = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be the URL of a PostgreSQL database' }),
  TEMPORAL_TASK_QUEUE: z.string().min(1).default('coffer'),
  STRIPE_SECRET_KEY: z.string().regex(/^[sr]k_(test|live)_/, 'must be a secret or restricted key of Stripe'),
  STRIPE_API_BASE: z.url({ protocol: /^https?$/, error: 'must be the URL of a Stripe sandbox' }).optional(),
  COFFER_BASE_URL: z
    .url({ protocol: /^https?$/, error: 'must be the public URL of the API' })
    .default('http://localhost:8080'),
  COFFER_DEPLOYMENT: z.string().min(1).default('default'),
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be the URL of an SMTP server' }).optional(),
  MAIL_FROM: z.string().min(3).default('Coffer <coffer@localhost>'),
  SETTLEMENT_INTERVAL_MS: milliseconds.default(5_000),
  SWEEP_INTERVAL_MS: milliseconds.default(1_000),
  SWEEP_RINGS_PER_SECOND: z.coerce.number().int().min(1).max(10_000).default(10),
  WORKER_METRICS_PORT: port.default(0),
  COFFER_HOST: z.string().min(1).default('127.0.0.1'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

export type WorkerConfig = z.infer<typeof schema> & {
  /** Address, namespace and credentials of Temporal, from the `TEMPORAL_*` variables of its SDKs. */
  readonly temporal: ReturnType<typeof loadClientConnectConfig>;
};

/** A variable is missing or wrong; the message names each and says what it must be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Parses the environment. Throws `ConfigError`. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const given = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  const parsed = schema.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'),
    );
  }
  const config = parsed.data;
  if (config.STRIPE_API_BASE !== undefined && !config.STRIPE_SECRET_KEY.startsWith('sk_test_')) {
    throw new ConfigError(
      'STRIPE_API_BASE: must only be set with a STRIPE_SECRET_KEY that begins with sk_test_',
    );
  }
  return { ...config, temporal: readTemporal(given) };
}

function readTemporal(given: readonly [string, string | undefined][]) {
  const variables: Record<string, string> = {};
  for (const [name, value] of given) if (value !== undefined) variables[name] = value;
  const loaded = loadClientConnectConfig({
    disableFile: variables['TEMPORAL_CONFIG_FILE'] === undefined,
    overrideEnvVars: variables,
  });
  return { ...loaded, namespace: loaded.namespace ?? 'default' };
}
