// `npm run migrate`: brings a deployment's database to the schema of this version.
import { migrate } from '../ledger/migrate.ts';
import { commandLine, databaseUrlOf, homeOf, runCommand } from './command.ts';

const HELP = `
Usage: npm run migrate -- [--home DIR]

Applies the migrations that the database does not have yet, each in a transaction of its own, and names them. Several
may run at once: they wait for each other. npm start does it by itself; a deployment runs it before its new API and
worker start.

  --home DIR   the home of the stack (COFFER_HOME, or .coffer); DATABASE_URL says another database`;

await runCommand(HELP, async () => {
  const { values } = commandLine({ options: { home: { type: 'string' } } });
  const log = (line: string) => process.stdout.write(`${line}\n`);
  const applied = await migrate(databaseUrlOf(homeOf(values.home)), { log });
  if (applied.length === 0) log('The database is up to date.');
  return 0;
});
