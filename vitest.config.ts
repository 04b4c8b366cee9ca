import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { ClosingLineReporter } from './packages/testing/src/closing-line-reporter.ts'

const sources = ['packages/*/src', 'services/*/src']

export default defineConfig({
  test: {
    // The run's servers are started by this one file, for all projects together.
    globalSetup: ['./packages/testing/src/global-setup.ts'],
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: sources.map((source) => `${source}/**/*.test.ts`),
          exclude: sources.map((source) => `${source}/**/*.e2e.test.ts`),
          testTimeout: 20_000,
          hookTimeout: 60_000,
          // They wait for servers more than they compute. Not 1, vitest's default on two cores: then it would run them last.
          maxWorkers: Math.max(2, availableParallelism() - 1),
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          // Most compare what was acknowledged with what is stored, however long that takes.
          include: sources.map((source) => `${source}/**/*.e2e.test.ts`),
          exclude: sources.map((source) => `${source}/**/*.timed.e2e.test.ts`),
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'timed',
          // One file at a time: they check what the product promises in seconds, and two would measure each other.
          include: sources.map((source) => `${source}/**/*.timed.e2e.test.ts`),
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          // After all others: the load of those would disturb their timing.
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
