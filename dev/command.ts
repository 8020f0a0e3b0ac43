// What every command of this folder shares: its options, its help, the database it works on, and how it ends.
import { join, resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { readDemoFile } from './demo-file.ts';

/** What is wrong is the caller's to mend; said in one line, without a stack. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** Runs a command to its exit code: what it returns, 1 with one line when it fails. `--help` prints `help`. */
export async function runCommand(help: string, main: () => Promise<number>): Promise<void> {
  // whoever reads our output may have read enough (`| head`)
  process.stdout.on('error', () => process.exit(0));
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(`${help.trim()}\n`);
    return;
  }
  try {
    process.exitCode = await main();
  } catch (e) {
    const isOurs = e instanceof CommandFailed || (e instanceof Error && e.name === 'Refusal');
    process.stderr.write(`${describe(e)}\n`);
    if (!isOurs && process.env['DEBUG'] !== undefined)
      process.stderr.write(`${e instanceof Error ? e.stack : e}\n`);
    process.exitCode = 1;
  }
}

/** The command line as `parseArgs` reads it; an option that does not exist is named in one line. */
export function commandLine<const T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs(config);
  } catch (e) {
    const [fault = ''] = messageOf(e).split('. ');
    throw new CommandFailed(`${fault.replace(/\.$/, '')} (--help lists what there is)`);
  }
}

/** The home of the stack: `--home`, or `COFFER_HOME`, or `.coffer`. */
export function homeOf(option: string | undefined): string {
  return resolve(option ?? (process.env['COFFER_HOME'] || '.coffer'));
}

/** The database to work on: `DATABASE_URL`, else the one of the stack whose home this is. */
export function databaseUrlOf(home: string): string {
  const url = process.env['DATABASE_URL'] || readDemoFile(home)?.databaseUrl;
  if (url === undefined) {
    throw new CommandFailed(
      `No database: set DATABASE_URL, or run npm start first (${join(home, 'demo.json')} names its own).`,
    );
  }
  return url;
}

/** A whole number of an option, from `least` on. */
export function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < least)
    throw new CommandFailed(`--${name} must be a whole number from ${least} on`);
  return value;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describe(error: unknown): string {
  // a refused connection comes as an AggregateError without a message of its own
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return messageOf(error);
}
