import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { spawnGuarded } from './guarded-process.ts'
import { waitUntilGone } from './process-tree.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { waitFor } from './wait-for.ts'

test('keeps the output and tells how it ended', async () => {
  const child = spawnGuarded({ command: '/bin/sh', args: ['-c', 'echo one; echo two >&2; exit 3'] })
  expect(await child.exited).toEqual({ code: 3, signal: null })
  expect(child.output()).toBe('one\ntwo\n')
  expect(child.running()).toBe(false)
})

test('a command that is not there ends at once and says so', async () => {
  const child = spawnGuarded({ command: '/nonexistent/server', args: [] })
  await child.exited
  expect(child.output()).toContain('ENOENT')
})

test('a child and its directory do not outlive a killed parent', async () => {
  const directory = temporaryDirectory('guard-test')
  const guarded = new URL('./guarded-process.ts', import.meta.url).pathname
  const program = `
    const { spawnGuarded } = await import(${JSON.stringify(guarded)})
    const child = spawnGuarded({
      command: '/bin/sleep', args: ['600'], removeWhenOrphaned: [${JSON.stringify(directory)}],
    })
    console.log(child.pid)
    setInterval(() => {}, 1000)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())

  parent.kill('SIGKILL')
  await waitUntilGone([pid], 5_000)
  await waitFor(() => !existsSync(directory), { what: 'the directory to be removed' })
})
