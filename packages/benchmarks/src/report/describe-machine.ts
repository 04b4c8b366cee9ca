import { execFile } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'
import { promisify } from 'node:util'
import { findExecutable } from '@iomt/testing/executable'
import { natsProcessors } from '@iomt/testing/nats-process'
import { postgresBinaries } from '@iomt/testing/postgres-binaries'
import type { Machine } from './benchmark-report.ts'

export function describeMachine(): Machine {
  const all = cpus()
  return {
    processor: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memory: totalmem(),
    system: `${type()} ${release().split('-')[0]}`,
  }
}

/** Versions of all programs that take part, and what nats-server was told. */
export async function programVersions(): Promise<Record<string, string>> {
  const { postgres } = await postgresBinaries()
  const [nats, mosquitto, database] = await Promise.all([
    firstVersion(findExecutable('nats-server'), '--version'),
    firstVersion(findExecutable('mosquitto'), '-h'),
    firstVersion(postgres, '--version'),
  ])
  const processors = natsProcessors()
  const natsServer = processors === undefined ? nats : `${nats} with GOMAXPROCS=${processors}`
  return { Node: process.versions.node, 'nats-server': natsServer, Mosquitto: mosquitto, Postgres: database }
}

async function firstVersion(command: string | undefined, flag: string): Promise<string> {
  if (command === undefined) return 'not installed'
  // `mosquitto -h` exits with 3, and its output is part of the error.
  const { stdout } = await promisify(execFile)(command, [flag]).catch((error: unknown) => error as { stdout?: string })
  return /\d+(?:\.\d+)+/.exec(stdout ?? '')?.[0] ?? 'unknown'
}

/** The commit of the sources, with `+` when they differ from it; `unknown` without git. */
export async function sourceCommit(): Promise<string> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', args, { cwd: import.meta.dirname })).stdout.trim()
  try {
    const changed = await git('status', '--porcelain', '--untracked-files=no')
    return `${await git('rev-parse', '--short=12', 'HEAD')}${changed === '' ? '' : '+'}`
  } catch {
    return 'unknown'
  }
}
