import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

let echo: Server
let proxy: TcpProxy
beforeAll(async () => {
  echo = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const address = echo.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  proxy = await startTcpProxy({ targetHost: '127.0.0.1', targetPort: address.port })
})
afterAll(async () => {
  await proxy.close()
  echo.close()
})

async function client(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** `once(socket, 'close')` would reject on the reset that comes before it. */
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()))

async function answer(socket: Socket, text: string): Promise<string> {
  const data = once(socket, 'data')
  socket.write(text)
  return String((await data)[0])
}

test('forwards both ways', async () => {
  const socket = await client()
  expect(await answer(socket, 'hello')).toBe('hello')
  socket.destroy()
})

test('cut ends what is connected and refuses what comes', async () => {
  const socket = await client()
  expect(await answer(socket, 'hello')).toBe('hello')
  const ended = closed(socket)
  proxy.cut()
  await ended

  const refused = connect(proxy.port, '127.0.0.1')
  refused.on('error', () => {})
  await closed(refused)

  proxy.heal()
  const again = await client()
  expect(await answer(again, 'back')).toBe('back')
  again.destroy()
})

test('a black hole keeps connections open, silent, and delivers late', async () => {
  const early = await client()
  expect(await answer(early, 'hello')).toBe('hello')
  proxy.blackhole()
  const late = await client()
  const received: string[] = []
  early.on('data', (data) => received.push(`early ${data}`))
  late.on('data', (data) => received.push(`late ${data}`))
  early.write('1')
  late.write('2')
  // Silence cannot be waited for: 100 ms is 1,000 times what the loopback needs.
  await sleep(100)
  expect(received).toEqual([])
  expect(early.readyState).toBe('open')

  const both = Promise.all([once(early, 'data'), once(late, 'data')])
  proxy.heal()
  await both
  expect(received.sort()).toEqual(['early 1', 'late 2'])
  early.destroy()
  late.destroy()
})
