// Ends a test run with one plain line that every CI understands, and fails a run in which no test ran.
import { writeSync } from 'node:fs';

export default class ClosingLineReporter {
  #ranNothing = false;

  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    this.#ranNothing = results.numPassedTests + results.numFailedTests === 0;
    const line = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
    process.once('exit', () => writeSync(process.stdout.fd, `\n${line}\n`)); // Jest's own summary comes first
  }

  getLastError() {
    return this.#ranNothing ? new Error('no test ran') : undefined;
  }
}
