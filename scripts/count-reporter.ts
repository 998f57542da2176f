import { writeFileSync } from 'node:fs';

/** What jest knows at the end, as far as it is counted. */
interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Files that broke before any test of theirs ran. */
  readonly numRuntimeErrorTestSuites: number;
}

/** Tells scripts/test.ts the counts. Not jest's own `--json`: that breaks on an error that holds itself, and all counts are lost. */
export default class CountReporter {
  onRunComplete(_contexts: unknown, results: Results): void {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = results;
    writeFileSync(process.env['COUNT_FILE'] ?? '', JSON.stringify({
      passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped: numPendingTests + numTodoTests,
    }));
  }
}
