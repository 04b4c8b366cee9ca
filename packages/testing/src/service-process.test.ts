import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from './free-port.ts'
import { type ServiceProcess, startServiceProcess } from './service-process.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const SERVICE = `
import { createServer } from 'node:http'
const answer: object = { mark: process.env.MARK, node: process.version }
const server = createServer((request, response) => response.end(JSON.stringify(answer)))
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening as ' + process.env.MARK))
process.on('SIGTERM', () => server.close(() => { console.log('in order'); process.exit(0) }))
`

let directory: string
let main: string
let service: ServiceProcess
beforeAll(async () => {
  directory = temporaryDirectory('service-test')
  main = join(directory, 'main.ts')
  writeFileSync(main, SERVICE)
  const port = await freePort()
  const readyUrl = `http://127.0.0.1:${port}/readyz`
  service = await startServiceProcess({ name: 'echo', main, env: { PORT: String(port), MARK: 'first' }, readyUrl })
})
afterAll(async () => {
  await service?.kill9()
  rmSync(directory, { recursive: true, force: true })
})

async function mark(): Promise<string> {
  const response = await fetch(`${service.url}/`, { signal: AbortSignal.timeout(5_000) })
  return ((await response.json()) as { mark: string }).mark
}

test('runs a TypeScript file with its own environment, and ends in order', async () => {
  expect(await mark()).toBe('first')
  expect(await service.terminate()).toEqual({ code: 0, signal: null })
  expect(service.output()).toBe('listening as first\nin order\n')
})

test('comes back after a kill, with a changed environment', async () => {
  await service.restart()
  const { pid } = service
  expect(await service.kill9()).toEqual({ code: null, signal: 'SIGKILL' })
  await service.restart({ MARK: 'second' })
  expect(service.pid).not.toBe(pid)
  expect(await mark()).toBe('second')
})

test('a frozen service answers after it goes on', async () => {
  service.freeze()
  const answer = mark()
  service.resume()
  expect(await answer).toBe('second')
})

test('a service that ends at once is an error with its last output', async () => {
  const broken = join(directory, 'broken.ts')
  writeFileSync(broken, "console.error('DATABASE_URL is missing'); process.exit(1)")
  const start = startServiceProcess({ name: 'broken', main: broken, env: {}, readyUrl: 'http://127.0.0.1:9/readyz' })
  await expect(start).rejects.toThrow(/broken ended before it was ready\n.*DATABASE_URL is missing/)
})
