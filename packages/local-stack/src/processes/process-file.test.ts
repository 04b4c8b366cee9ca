import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { runningProcesses, stopLeftovers, writeProcessFile } from './process-file.ts'
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts'

const parent = mkdtempSync(join(tmpdir(), 'iomt-processes-'))
let child: ChildProcess | undefined
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(parent, { recursive: true, force: true })
})

function startChild(): ProcessIdentity {
  child = spawn('sleep', ['60'], { stdio: 'ignore' })
  return identityOf(child.pid as number) as ProcessIdentity
}

test('a leftover is found after its directory was moved, and ended', async () => {
  const leftover = startChild()
  writeProcessFile(parent, { 'nats-server': leftover })
  const moved = `${parent}-moved`
  renameSync(parent, moved)
  expect(runningProcesses(moved)).toEqual({ 'nats-server': leftover })
  await stopLeftovers(runningProcesses(moved))
  expect(isRunning(leftover)).toBe(false)
  expect(runningProcesses(moved)).toEqual({})
  rmSync(moved, { recursive: true })
})

test('an id that the system has given to somebody else is not ours', () => {
  const { pid, startedAt } = startChild()
  expect(isRunning({ pid, startedAt })).toBe(true)
  expect(isRunning({ pid, startedAt: `${startedAt}0` })).toBe(false)
})
