import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '@iomt/testing/wait-for'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../ports.ts'
import { AddressInUseError, createSupervisedProcess, type SupervisedProcess } from './supervised-process.ts'

const logDirectory = mkdtempSync(join(tmpdir(), 'iomt-supervised-'))
const made: SupervisedProcess[] = []
const reports: string[] = []
afterEach(async () => {
  for (const one of made.splice(0)) await one.stop(5_000)
  reports.length = 0
  rmSync(join(logDirectory, 'child.log'), { force: true })
})

/** A Node process that runs `code`; it is ready when it has written `at work`. */
function supervise(code: string, options: { tellsProgress?: boolean; readyTimeout?: number } = {}): SupervisedProcess {
  const definition = {
    name: 'child',
    command: process.execPath,
    args: ['-e', code],
    env: {},
    watchesParent: true,
    stopSignal: 'SIGTERM' as const,
    readyLine: 'at work',
    tellsProgress: options.tellsProgress ?? false,
  }
  const supervised = createSupervisedProcess(definition, {
    logDirectory,
    report: (line) => reports.push(line),
    onChange: () => undefined,
    readyTimeout: options.readyTimeout ?? 10_000,
  })
  made.push(supervised)
  return supervised
}

test('a port that somebody else listens on makes no process ready, and is told from other ends', async () => {
  const port = await freePort()
  const other = createServer().listen(port, '127.0.0.1')
  // In two parts: Node quotes the line that failed.
  const child = supervise(
    `require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('at ' + 'work'))`,
  )
  await expect(child.start()).rejects.toThrow(AddressInUseError)
  await expect(supervise('process.exit(3)').start()).rejects.toThrow('ended with code 3 before it was ready')
  other.close()
})

test('what the process before it wrote does not make a new one ready', async () => {
  const child = supervise(`
    const { existsSync, writeFileSync } = require('fs')
    if (existsSync(${JSON.stringify(join(logDirectory, 'second'))})) setInterval(() => {}, 1_000)
    else { writeFileSync(${JSON.stringify(join(logDirectory, 'second'))}, ''); console.log('at work'); setInterval(() => {}, 1_000) }
  `)
  await child.start()
  const first = child.pid as number
  process.kill(first, 'SIGKILL')
  await waitFor(() => child.pid !== null && child.pid !== first, { what: 'the next one' })
  await expect(waitFor(() => reports.includes('child is back'), { what: 'its return', timeout: 500 })).rejects.toThrow()
  appendFileSync(join(logDirectory, 'child.log'), 'at work\n')
  await waitFor(() => reports.includes('child is back'), { what: 'its return' })
})

test('one that tells its progress may take longer than one that does not', async () => {
  const slow = `let n = 0; setInterval(() => console.log(++n < 6 ? 'so far ' + n : 'at work'), 300)`
  await expect(supervise(slow, { readyTimeout: 1_000 }).start()).rejects.toThrow('not ready after 1 s')
  await supervise(slow, { readyTimeout: 1_000, tellsProgress: true }).start()
})

test('the end of a log says the reason and not where in the code it was', async () => {
  const error = await supervise(`throw new TypeError('no such ward')`).start().catch(String)
  expect(error).toContain('TypeError: no such ward')
  expect(error).not.toMatch(/^\s+at /m)
})

test('a question is answered, and one to a process that is silent or gone is given up', async () => {
  const answering = supervise(`process.on('message', (word) => process.send(word + '!')); console.log('at work')`)
  await answering.start()
  expect(await answering.ask('well', 5_000)).toBe('well!')
  const silent = supervise(`process.on('message', () => {}); console.log('at work')`)
  await silent.start()
  expect(await silent.ask('well', 100)).toBeNull()
  await silent.stop(5_000)
  expect(await silent.ask('well', 5_000)).toBeNull()
})

test('one that is started again on purpose is replaced, and its end is not told as a fault', async () => {
  const child = supervise(`console.log('at work'); setInterval(() => {}, 1_000)`)
  await child.start()
  const first = child.pid
  child.restart('it was silent')
  await waitFor(() => reports.includes('child is back'), { what: 'its return' })
  expect(child.pid).not.toBe(first)
  expect(reports).toEqual(['it was silent', 'child is back'])
})
