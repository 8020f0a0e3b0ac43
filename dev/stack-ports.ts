// The ports of a stack: those of its last run while they are free, so webhooks, bookmarks and scripts stay valid.
import type { StackConfig } from './config.ts';
import { freePort, isFree } from './ports.ts';
import { openPortsFile } from './stack-file.ts';

export interface StackPorts extends Record<string, number> {
  api: number;
  worker: number;
  postgres: number;
  temporal: number;
  temporalUi: number;
  sandbox: number;
  mail: number;
  smtp: number;
}

/** Chooses a free port for each use and remembers it; throws when the one that was asked for is taken. */
export async function choosePorts(config: StackConfig): Promise<StackPorts> {
  if (config.port !== 0 && !(await isFree(config.port))) {
    throw new Error(`Port ${config.port} is taken; choose another: COFFER_PORT=${config.port + 1} npm start`);
  }
  const file = openPortsFile(config.home);
  const last = file.read() ?? {};
  const taken = new Set<number>();
  const choose = async (use: string, wanted = last[use]) => {
    const port = await freePort(wanted, taken);
    taken.add(port);
    return port;
  };
  const ports: StackPorts = {
    api: config.port === 0 ? await choose('api') : await choose('api', config.port),
    worker: await choose('worker'),
    postgres: await choose('postgres'),
    temporal: await choose('temporal'),
    temporalUi: await choose('temporalUi'),
    sandbox: await choose('sandbox'),
    mail: await choose('mail'),
    smtp: await choose('smtp'),
  };
  file.write(ports);
  return ports;
}
