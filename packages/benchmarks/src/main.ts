import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type BenchmarkFlags, FlagError, HELP, PARTS, parseFlags } from './flags.ts'
import { profileText, readProfiles } from './profile/read-profiles.ts'
import type { BenchmarkReport } from './report/benchmark-report.ts'
import { describeMachine, programVersions, sourceCommit } from './report/describe-machine.ts'
import { toMarkdown } from './report/markdown.ts'
import { runBenchmarks } from './run-benchmarks.ts'

const root = resolve(import.meta.dirname, '../../..')
const TOP_FUNCTIONS = 15

const startedAt = performance.now()
const elapsed = () => (performance.now() - startedAt) / 1_000
/** To standard error: standard output is for results. */
const say = (line: string) => console.error(`${elapsed().toFixed(0).padStart(4)} s  ${line}`)

try {
  const flags = parseFlags(process.argv.slice(2))
  if (flags === 'help') process.stdout.write(HELP)
  else await run(flags)
} catch (error) {
  console.error(error instanceof FlagError ? error.message : error)
  process.exitCode = error instanceof FlagError ? 2 : 1
}

async function run(flags: BenchmarkFlags): Promise<void> {
  const profileDirectory = flags.profile ? emptyDirectory(join(root, '.iomt/profiles')) : undefined
  const date = new Date().toISOString()
  // Before the run: the sources may change meanwhile.
  const commit = await sourceCommit()
  const measurements = await runBenchmarks(flags, profileDirectory, say)
  const report: BenchmarkReport = {
    date,
    commit,
    machine: describeMachine(),
    versions: await programVersions(),
    arguments: process.argv.slice(2),
    duration: elapsed(),
    ...measurements,
  }
  const full = !flags.quick && flags.parts.length === PARTS.length
  const directory = join(root, full ? 'docs' : '.iomt')
  mkdirSync(directory, { recursive: true })
  const json = `${JSON.stringify(report, null, 2)}\n`
  writeFileSync(join(directory, 'performance.json'), json)
  writeFileSync(join(directory, 'performance.md'), toMarkdown(report))
  if (profileDirectory !== undefined) {
    for (const profile of readProfiles(profileDirectory, TOP_FUNCTIONS)) console.error(`\n${profileText(profile)}`)
  }
  process.stdout.write(flags.json ? json : toMarkdown(report))
  say(`written to ${full ? 'docs' : '.iomt'}/performance.json and performance.md`)
}

function emptyDirectory(directory: string): string {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  return directory
}
