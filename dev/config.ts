// The one-command stack's settings from the environment; everything has a default.
import { resolve } from 'node:path';
import { z } from 'zod';

const environment = z.object({
  COFFER_HOME: z.string().min(1, 'must be a folder').default('.coffer'),
  COFFER_PORT: z.coerce
    .number('must be a port number, 0 for a free one')
    .int()
    .min(0)
    .max(65_535)
    .default(8080),
  COFFER_CURRENCY: z
    .string()
    .regex(/^[a-z]{3}$/, 'must be a currency code in lower case, like usd')
    .optional(),
  COFFER_DEMO: z.enum(['on', 'off'], 'must be on or off').default('on'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// address' }).optional(),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'must be host:port')
    .optional(),
  TEMPORAL_NAMESPACE: z.string().min(1, 'must be the name of a namespace').default('default'),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_test_/, 'must be a test key (sk_test_… or rk_test_…); leave it out for the sandbox')
    .optional(),
  STRIPE_WEBHOOK_SECRETS: z
    .string()
    .regex(/^whsec_/, 'must be the signing secret that `stripe listen` shows (whsec_…)')
    .optional(),
});

export interface StackConfig {
  /** Absolute path of the folder where everything of this stack lives. */
  home: string;
  /** Of the API and console; 0 picks a free one. */
  port: number;
  /** The currency of all accounts, chosen at the first start; usd unless said otherwise then. */
  currency: string | undefined;
  /** Whether the demo story is played once everything runs. */
  demo: boolean;
  /** A PostgreSQL of yours, instead of one that the stack starts. */
  databaseUrl: string | undefined;
  /** A Temporal server of yours, instead of one that the stack starts. */
  temporalAddress: string | undefined;
  temporalNamespace: string;
  /** A Stripe test key of yours: then there is no sandbox. */
  stripeSecretKey: string | undefined;
  /** What signs the webhook events that are forwarded to this stack; without it, payments are found by asking. */
  stripeWebhookSecrets: string | undefined;
}

/** Reads the variables; throws with one line for each that is wrong. An empty variable counts as left out. */
export function stackConfig(variables: Record<string, string | undefined>): StackConfig {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    throw new Error(
      parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('\n'),
    );
  }
  return {
    home: resolve(parsed.data.COFFER_HOME),
    port: parsed.data.COFFER_PORT,
    currency: parsed.data.COFFER_CURRENCY,
    demo: parsed.data.COFFER_DEMO === 'on',
    databaseUrl: parsed.data.DATABASE_URL,
    temporalAddress: parsed.data.TEMPORAL_ADDRESS,
    temporalNamespace: parsed.data.TEMPORAL_NAMESPACE,
    stripeSecretKey: parsed.data.STRIPE_SECRET_KEY,
    stripeWebhookSecrets: parsed.data.STRIPE_WEBHOOK_SECRETS,
  };
}
