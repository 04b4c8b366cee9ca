import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { choosePort, freePort, isFree } from './ports.ts'

let server: Server | undefined
afterEach(() => new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve())))

const occupy = (host: string) =>
  new Promise<number>((resolve) => {
    const occupying = createServer()
    server = occupying
    occupying.listen(0, host, () => resolve((occupying.address() as AddressInfo).port))
  })

test('a default port that is taken moves, whatever address it is taken on', async () => {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const taken = await occupy(host)
    const chosen = await choosePort('nats', null, taken)
    expect(chosen).not.toBe(taken)
    expect(await isFree(chosen)).toBe(true)
    await new Promise((resolve) => server?.close(resolve))
    server = undefined
  }
})

test('a free one is kept, by default and by flag', async () => {
  const free = await freePort()
  expect(await choosePort('nats', null, free)).toBe(free)
  expect(await choosePort('nats', free, 4_222)).toBe(free)
})

test('a port asked for that is taken is an error that names the flag, the port and the process', async () => {
  const taken = await occupy('127.0.0.1')
  const holder = process.platform === 'linux' ? `process ${process.pid}` : ''
  await expect(choosePort('nats', taken, 4_222)).rejects.toThrow(`--nats-port ${taken} is in use`)
  await expect(choosePort('nats', taken, 4_222)).rejects.toThrow(holder)
})
