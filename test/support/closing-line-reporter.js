// Ends a test run with one plain line that every CI understands, and fails a run in which no test ran.
import { writeSync } from 'node:fs';
import { chromiumPath, NO_CHROMIUM } from './chromium.ts';

export default class ClosingLineReporter {
  #ranNothing = false;

  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    this.#ranNothing = results.numPassedTests + results.numFailedTests === 0;
    const line = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
    const said = isWithoutBrowser(results) ? [`the console was not tested: ${NO_CHROMIUM}`, line] : [line];
    // Jest's own summary comes first
    process.once('exit', () => writeSync(process.stdout.fd, `\n${said.join('\n')}\n`));
  }

  getLastError() {
    return this.#ranNothing ? new Error('no test ran') : undefined;
  }
}

function isWithoutBrowser({ testResults }) {
  return (
    chromiumPath() === undefined &&
    testResults.some(({ testFilePath }) => testFilePath.includes('/test/browser/'))
  );
}
