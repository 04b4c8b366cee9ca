import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '@iomt/testing/wait-for'
import { afterEach, expect, test } from 'vitest'
import { lockDirectory } from './directory-lock.ts'

const parent = mkdtempSync(join(tmpdir(), 'iomt-lock-'))
let owner: ChildProcess | undefined
afterEach(() => {
  owner?.kill('SIGKILL')
  rmSync(parent, { recursive: true, force: true })
})

test.runIf(process.platform === 'linux')(
  'a directory has one owner, under whatever path, until that is gone',
  async () => {
    const [directory, moved, link] = ['data', 'moved', 'link'].map((name) => join(parent, name)) as [
      string,
      string,
      string,
    ]
    renameSync(mkdtempSync(join(parent, 'made-')), directory)
    const module = JSON.stringify(new URL('./directory-lock.ts', import.meta.url).href)
    const code = `
    const { lockDirectory } = await import(${module})
    console.log(await lockDirectory(${JSON.stringify(directory)}))
    setInterval(() => {}, 1_000)
  `
    const started = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    owner = started
    const [answer] = (await once(started.stdout, 'data')) as [Buffer]
    expect(answer.toString().trim()).toBe('true')

    symlinkSync(directory, link)
    expect(await lockDirectory(link)).toBe(false)
    renameSync(directory, moved)
    expect(await lockDirectory(moved)).toBe(false)
    started.kill('SIGKILL')
    await waitFor(() => lockDirectory(moved), { what: 'the lock of a killed process to be free' })
  },
)
