// The mail catcher's settings from the environment.
import { z } from 'zod';

const port = z.coerce.number('must be a port number, 0 for a free one').int().min(0).max(65_535).default(0);

const environment = z.object({
  NODE_ENV: z
    .string()
    .optional()
    .refine((value) => value !== 'production', 'must not be production: caught mail reaches nobody'),
  MAIL_SMTP_PORT: port,
  MAIL_HTTP_PORT: port,
  MAIL_DATA: z.string().min(1, 'must be the file that keeps the mails').default('.coffer/mail.jsonl'),
});

export interface MailCatcherConfig {
  smtpPort: number;
  httpPort: number;
  dataFile: string;
}

/** Reads the variables; throws with one line for each that is wrong. */
export function mailCatcherConfig(variables: Record<string, string | undefined>): MailCatcherConfig {
  const parsed = environment.safeParse(variables);
  if (!parsed.success) {
    throw new Error(
      parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('\n'),
    );
  }
  const { MAIL_SMTP_PORT, MAIL_HTTP_PORT, MAIL_DATA } = parsed.data;
  return { smtpPort: MAIL_SMTP_PORT, httpPort: MAIL_HTTP_PORT, dataFile: MAIL_DATA };
}
