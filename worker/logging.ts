// The worker's log: lines of JSON on stdout, Temporal's own messages among them.
import type { Logger as TemporalLogger } from '@temporalio/worker';
import { type Logger, pino } from 'pino';

/** Makes the process's logger. Secrets never reach it: configuration is not logged. */
export function createLogger(level: string): Logger {
  return pino({
    name: 'worker',
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Temporal's log lines as ours; what is routine to its workers is `debug` here. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const child = logger.child({ part: 'temporal' });
  const write = (level: Level) => (message: string, meta?: object) => child[level](meta ?? {}, message);
  const named = {
    trace: write('trace'),
    debug: write('debug'),
    info: write('debug'),
    warn: write('warn'),
    error: write('error'),
  };
  return {
    ...named,
    log: (level, message, meta) => {
      if (level === 'TRACE') named.trace(message, meta);
      else if (level === 'DEBUG') named.debug(message, meta);
      else if (level === 'INFO') named.info(message, meta);
      else if (level === 'WARN') named.warn(message, meta);
      else named.error(message, meta);
    },
  };
}
