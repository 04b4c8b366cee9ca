import { FlagError, HELP, parseFlags } from './flags.ts'
import { runStack } from './run-stack.ts'

try {
  const flags = parseFlags(process.argv.slice(2), process.cwd())
  if (flags === 'help') process.stdout.write(HELP)
  else await runStack(flags)
} catch (error) {
  if (!(error instanceof FlagError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
