// Chromium for tests and benchmarks: the one that COFFER_CHROMIUM names, else one of this machine, with a fresh profile.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const USUAL = '/usr/bin/chromium';
const NAMES = ['google-chrome', 'chromium-browser', 'chromium'];

const ARGUMENTS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const NO_CHROMIUM =
  'no Chromium was found: install one (apt-get install chromium) or name it in COFFER_CHROMIUM';

/** The program to start, undefined where there is none. */
export function chromiumPath(): string | undefined {
  const named = process.env['COFFER_CHROMIUM'];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return [USUAL, ...NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))].find(isProgram);
}

/** Starts it; `close` ends it and drops its profile. */
export function launchChromium(executablePath: string): Promise<Browser> {
  // root may not use its sandbox; the pages are our own
  return chromium.launch({ executablePath, args: ARGUMENTS, chromiumSandbox: false, timeout: 60_000 });
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
