// The sandbox's settings from the environment.
import { z } from 'zod';
import type { SandboxOptions } from './server.ts';

const ENVIRONMENT = z.object({
  NODE_ENV: z
    .string()
    .optional()
    .refine(
      (value) => value !== 'production',
      'must not be production: the sandbox is for development and tests',
    ),
  SANDBOX_PORT: z.coerce
    .number('must be a port number, 0 for a free one')
    .int()
    .min(0)
    .max(65_535)
    .default(0),
  SANDBOX_DATA: z.string().default(':memory:'),
  SANDBOX_WEBHOOK_URL: z.url('must be an http(s) URL').optional(),
  SANDBOX_WEBHOOK_SECRET: z.string().startsWith('whsec_', 'must start with whsec_').optional(),
  SANDBOX_BASE_URL: z.url('must be an http(s) URL').optional(),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_test_/, 'must be a test key (sk_test_… or rk_test_…): the sandbox takes no live key')
    .optional(),
});

/** The options for `startSandbox`; throws with one line per wrong variable. */
export function sandboxConfig(environment: Record<string, string | undefined>): SandboxOptions {
  const result = ENVIRONMENT.safeParse(environment);
  if (!result.success) {
    throw new Error(
      result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('\n'),
    );
  }
  const given = result.data;
  return {
    port: given.SANDBOX_PORT,
    dataFile: given.SANDBOX_DATA,
    webhookUrl: given.SANDBOX_WEBHOOK_URL,
    webhookSecret: given.SANDBOX_WEBHOOK_SECRET,
    baseUrl: given.SANDBOX_BASE_URL,
  };
}

/** Throws where `NODE_ENV` says production: the sandbox answers every test key. */
export function requireDevelopment(): void {
  if (process.env['NODE_ENV'] === 'production')
    throw new Error('the Stripe sandbox does not start in production');
}
