import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { choosePorts, readRememberedPorts, rememberPorts } from './chosen-ports.ts'
import type { PortName } from './flags.ts'
import { freePort, isFree } from './ports.ts'

let server: Server | undefined
afterEach(() => new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve())))

const occupy = (host: string) =>
  new Promise<number>((resolve) => {
    const occupying = createServer()
    server = occupying
    occupying.listen(0, host, () => resolve((occupying.address() as AddressInfo).port))
  })

const NONE = { api: null, nats: null, mqtt: null, postgres: null }
const choose = (
  needed: PortName[],
  wanted: Partial<Record<PortName, number>>,
  remembered: Partial<Record<PortName, number>> = {},
) => choosePorts({ needed, wanted: { ...NONE, ...wanted }, remembered })

test('a port that is taken moves, whatever address it is taken on, and that is told', async () => {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const taken = await occupy(host)
    const { ports, moves } = await choose(['nats'], {}, { nats: taken })
    expect(ports.nats).not.toBe(taken)
    expect(await isFree(ports.nats)).toBe(true)
    expect(moves).toEqual([expect.stringContaining(`the nats port is ${ports.nats} now: ${taken} is in use`)])
    await new Promise((resolve) => server?.close(resolve))
    server = undefined
  }
})

test('the one of the last start is kept, and a flag goes before it', async () => {
  const [last, asked] = [await freePort(), await freePort()]
  expect(await choose(['mqtt'], {}, { mqtt: last })).toMatchObject({ ports: { mqtt: last }, moves: [] })
  expect(await choose(['mqtt'], { mqtt: asked }, { mqtt: last })).toMatchObject({ ports: { mqtt: asked }, moves: [] })
})

test('a flag takes a port from a name that has it by default or from the last start', async () => {
  const port = await freePort()
  const { ports, moves } = await choose(['api', 'nats'], { nats: port }, { api: port })
  expect(ports.nats).toBe(port)
  expect(ports.api).not.toBe(port)
  expect(moves).toEqual([`the api port is ${ports.api} now: ${port} is asked for by another flag`])
})

test('a port asked for that is taken is an error that names the flag, the port and the process', async () => {
  const taken = await occupy('127.0.0.1')
  const holder = process.platform === 'linux' ? `process ${process.pid}` : ''
  await expect(choose(['nats'], { nats: taken })).rejects.toThrow(`--nats-port ${taken} is in use`)
  await expect(choose(['nats'], { nats: taken })).rejects.toThrow(holder)
})

test('what was chosen is read again, and nonsense is not', () => {
  const directory = mkdtempSync(join(tmpdir(), 'iomt-ports-'))
  const path = join(directory, 'ports.json')
  expect(readRememberedPorts(path)).toEqual({})
  const ports = { api: 1, nats: 2, mqtt: 3, postgres: 4 }
  rememberPorts(path, ports)
  expect(readRememberedPorts(path)).toEqual(ports)
  rememberPorts(path, { ...ports, mqtt: 70_000 })
  expect(readRememberedPorts(path)).toEqual({ api: 1, nats: 2, postgres: 4 })
  rmSync(directory, { recursive: true })
})
