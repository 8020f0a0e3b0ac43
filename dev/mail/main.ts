// The mail catcher as a process of its own: every mail that Coffer sends in development ends here.
import pino from 'pino';
import { mailCatcherConfig } from './config.ts';
import { startHttp } from './http.ts';
import { Mailbox } from './mailbox.ts';
import { startSmtp } from './smtp.ts';

const log = pino({ name: 'mail' });

try {
  const config = mailCatcherConfig(process.env);
  const mailbox = new Mailbox(config.dataFile);
  const smtp = await startSmtp(mailbox, config.smtpPort);
  const http = await startHttp(mailbox, config.httpPort);
  log.info({ port: http.port, smtpPort: smtp.port }, 'listening');
  const stop = () => {
    void Promise.all([smtp.close(), http.close()]).then(() => process.exit(0));
    setTimeout(() => process.exit(0), 2_000).unref(); // SMTP waits for clients that keep their connection
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  log.fatal(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
