// The sandbox as a process of its own.
import pino from 'pino';
import { sandboxConfig } from './config.ts';
import { startSandbox } from './server.ts';

const log = pino({ name: 'sandbox' });

try {
  const sandbox = await startSandbox(sandboxConfig(process.env));
  log.info({ port: sandbox.port, url: sandbox.url }, 'listening');
  const stop = () => {
    sandbox.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error(error, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  log.fatal(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
