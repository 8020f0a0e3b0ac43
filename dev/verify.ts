// `npm run verify`: checks on the live data that everything holds which must always hold, one line a guarantee.
import { systemClock } from '../ledger/clock.ts';
import { createPool } from '../ledger/database.ts';
import { type CheckResult, guarantees } from '../ledger/verify/report.ts';
import { verify } from '../ledger/verify/verify.ts';
import { commandLine, databaseUrlOf, homeOf, runCommand } from './command.ts';

const HELP = `
Usage: npm run verify -- [--since-checkpoint] [--home DIR]

Checks everything that must always hold of accounts, entries, usage and payments, and names the first offender of
each broken guarantee. Reads only, in short snapshots: it may run while the stack works.

  --since-checkpoint  checks entries and usage only from where the worker's last run found each account in order
  --home DIR          the home of the stack (COFFER_HOME, or .coffer); DATABASE_URL says another database

Exits 0 when everything holds, 1 when something does not.`;

await runCommand(HELP, async () => {
  const { values } = commandLine({
    options: { home: { type: 'string' }, 'since-checkpoint': { type: 'boolean', default: false } },
  });
  const pool = createPool(databaseUrlOf(homeOf(values.home)), { applicationName: 'coffer verify', most: 2 });
  try {
    const startedMs = performance.now();
    const report = await verify(pool, {
      now: systemClock(),
      scope: values['since-checkpoint'] ? 'since-checkpoint' : 'full',
      onProgress: ({ report: { accounts } }) => showProgress(accounts),
    });
    clearProgress();
    for (const check of report.checks) print(check);
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    process.stdout.write(
      `\n${report.ok ? 'Everything holds' : 'NOT everything holds'}: ${report.accounts} accounts, ` +
        `${report.entries} entries, ${report.usageEvents} usage events, ${seconds} s.\n`,
    );
    return report.ok ? 0 : 1;
  } finally {
    await pool.end();
  }
});

function print(check: CheckResult): void {
  process.stdout.write(
    `${check.ok ? 'ok    ' : 'BROKEN'} ${guarantees[check.guarantee]} (${check.checked})\n`,
  );
  if (check.firstOffender !== undefined) {
    const others = check.offences > 1 ? ` (and ${check.offences - 1} more)` : '';
    process.stdout.write(`       ${check.firstOffender}${others}\n`);
  }
  for (const note of check.notes) process.stdout.write(`       note: ${note}\n`);
}

function showProgress(accounts: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${accounts} accounts checked`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
