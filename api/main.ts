// The API as a process of its own.
import { apiConfig } from './config.ts';
import { createLogger, type Logger } from './logging.ts';
import { type Api, startApi } from './start.ts';

const STOP_MS = 8_000;

try {
  const config = apiConfig();
  const log = createLogger('api', config.logLevel);
  const api = await startApi(config, log);
  log.info({ port: api.port, url: config.baseUrl }, 'listening');
  process.once('SIGTERM', () => stop(api, log));
  process.once('SIGINT', () => stop(api, log));
} catch (error) {
  createLogger('api', 'info').fatal(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

function stop(api: Api, log: Logger): void {
  setTimeout(() => {
    log.error('did not stop in time');
    process.exit(1);
  }, STOP_MS).unref();
  api.close().then(
    () => process.exit(0),
    (error: unknown) => {
      log.error({ err: error }, 'did not stop cleanly');
      process.exit(1);
    },
  );
}
