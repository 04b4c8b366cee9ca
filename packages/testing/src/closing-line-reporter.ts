import type { Reporter, TestModule, Vitest } from 'vitest/node'

/**
 * Prints `N passed, N failed` (and `, N skipped` when there are any) as the last line of a run, for people and scripts
 * that read nothing else. A file that could not be loaded, a failed hook and an unhandled error count as failed.
 */
export class ClosingLineReporter implements Reporter {
  /** Stands when the run ends before its tests did, e.g. by a failing global setup. */
  #line = '0 passed, 1 failed'
  #watching = false

  onInit(vitest: Vitest): void {
    this.#watching = vitest.config.watch
    // Reporters end before vitest's own closing words; only the end of the process is after everything.
    if (!this.#watching) process.once('exit', () => process.stdout.write(`${this.#line}\n`))
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0
    let failed = unhandledErrors.length
    let skipped = 0
    for (const module of modules) {
      failed += module.errors().length
      for (const suite of module.children.allSuites()) failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        else if (state === 'failed') failed += 1
        else skipped += 1
      }
    }
    this.#line = `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
    if (this.#watching) console.log(this.#line)
  }
}
