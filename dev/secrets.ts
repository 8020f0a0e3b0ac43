// The secrets of one home: made at its first start, the same ever after, readable only by whoever started it.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { homeFile } from './home-file.ts';

const secrets = z.object({
  postgresPassword: z.string(),
  authSecret: z.string(),
  stripeSecretKey: z.string(),
  stripeWebhookSecret: z.string(),
});
export type Secrets = z.infer<typeof secrets>;

/** Reads the secrets of this home, and makes them where there are none. */
export function loadSecrets(home: string): Secrets {
  const file = homeFile(join(home, 'secrets.json'), secrets, 0o600);
  const known = file.read();
  if (known !== undefined) return known;
  if (existsSync(join(home, 'postgres'))) {
    throw new Error(
      `${join(home, 'secrets.json')} is missing or damaged, and the data beside it opens only with what it held: ` +
        'bring it back, or start in another COFFER_HOME.',
    );
  }
  const random = () => randomBytes(24).toString('hex');
  const made = {
    postgresPassword: random(),
    authSecret: random(),
    stripeSecretKey: `sk_test_${random()}`,
    stripeWebhookSecret: `whsec_${random()}`,
  };
  file.write(made);
  return made;
}
