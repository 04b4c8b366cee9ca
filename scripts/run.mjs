// The one entry behind `npm start`, `npm test`, `npm run check` and `npm run bench`. It runs on Node 20 with nothing
// installed, so it and what it imports use only Node itself.
import { join } from 'node:path'
import { ensureInstalled, packageManager, root } from './ensure-installed.mjs'
import { ensureTestServers } from './ensure-servers.mjs'
import { nodeBinary } from './node-binary.mjs'
import { runInForeground } from './run-in-foreground.mjs'

const commands = { start, test, bench, check }

/** Runs the product on embedded servers. */
function start(args) {
  return runInForeground(nodeBinary(root), [join(root, 'packages/local-stack/src/main.ts'), ...args])
}

/** Runs all tests, or those that the arguments (vitest's own) select. */
function test(args) {
  if (!ensureTestServers()) return 1
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  return runInForeground(nodeBinary(root), [vitest, 'run', ...args], { cwd: root })
}

/** Runs the benchmarks; `--help` lists their flags. */
function bench(args) {
  if (!ensureTestServers()) return 1
  return runInForeground(nodeBinary(root), [join(root, 'packages/benchmarks/src/main.ts'), ...args])
}

const CHECKS = ['dependencies', 'promises', 'style', 'types', 'unused']

/**
 * Format and lint, forgotten promises, types, dependency directions, unused code; arguments select some of them. turbo
 * runs them in parallel and skips what passed on the same files before.
 */
function check(args) {
  const tasks = (args.length > 0 ? args : CHECKS).map((name) => `check:${name}`)
  // turbo starts each task with the package manager, which only npx knows where to find.
  const turbo = [
    'exec',
    'turbo',
    'run',
    ...tasks,
    '--output-logs=errors-only',
    '--log-prefix=none',
    '--no-update-notifier',
    '--continue',
  ]
  return runInForeground('npx', ['--yes', packageManager(), ...turbo], {
    cwd: root,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  })
}

const [name = '', ...args] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (command === undefined) {
  console.error(`usage: node scripts/run.mjs <${Object.keys(commands).join('|')}> [arguments]`)
  process.exitCode = 2
} else {
  try {
    await ensureInstalled()
    process.exitCode = await command(args)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
