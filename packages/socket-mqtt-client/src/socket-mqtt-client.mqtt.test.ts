import { createServer, type Socket } from 'node:net'
import { freePort } from '@iomt/testing/free-port'
import { startTcpProxy } from '@iomt/testing/tcp-proxy'
import { waitFor } from '@iomt/testing/wait-for'
import { expect, test } from 'vitest'
import type { Delivery, DeliveryHandler } from './socket-config.ts'
import { cleanUps, mosquitto, newClient, publisher, untilStatus } from './testing/mqtt-parties.ts'
import { testSocket } from './testing/socket.ts'

test('the specification’s interface: initializeAll, events, publishToSocket, statuses', async () => {
  const broker = await mosquitto()
  const device = await publisher(broker.url)
  const sockets = [testSocket(broker.url), testSocket(broker.url, { socket_number: 2 })]
  const client = newClient({ loadSockets: async () => sockets })
  const connected: number[] = []
  const data: unknown[] = []
  client.on('connected', ({ socket }) => connected.push(socket.socket_number))
  client.on('data', ({ socketId, socket, data: value }) => data.push([socketId, socket.socket_number, value]))
  await client.initializeAll()
  await waitFor(() => connected.length === 2, { what: 'both to connect' })
  const [first, second] = sockets as [(typeof sockets)[0], (typeof sockets)[0]]
  await device.publishAsync(first.topic, '{"voltage":230}', { qos: 1 })
  await waitFor(() => data.length === 1, { what: 'the message' })
  expect(data).toEqual([[first.socket_id, 1, { voltage: 230 }]])
  await device.subscribeAsync(second.topic, { qos: 1 })
  const received = new Promise<string>((resolve) =>
    device.once('message', (_topic, payload) => resolve(payload.toString())),
  )
  expect(await client.publishToSocket(second.socket_id, { relay_on: false })).toEqual({
    topic: second.topic,
    qos: 1,
    retain: false,
  })
  expect(await received).toBe('{"relay_on":false}')
  expect(client.getAllStatuses().map((status) => status.status)).toEqual(['online', 'idle'])
  expect(client.figures).toMatchObject({ sockets: 2, connections: 1, connected: 1 })
  await client.disconnectSocket(first.socket_id)
  expect(client.getSocketStatus(first.socket_id)).toBeNull()
  await expect(client.publishToSocket(first.socket_id, 'x')).rejects.toThrow(/no socket/)
})

test('the broker gets its acknowledgement only after the message is stored, in order', async () => {
  const broker = await mosquitto({ maxInflight: 0 })
  const device = await publisher(broker.url)
  const socket = testSocket(broker.url)
  const waiting: Array<() => void> = []
  const client = newClient({ deliver: (_delivery, onSettled) => waiting.push(onSettled) })
  await client.connectSocket(socket)
  await untilStatus(client, socket.socket_id, 'idle')
  for (let number = 0; number < 5; number += 1) await device.publishAsync(socket.topic, String(number), { qos: 1 })
  await waitFor(() => waiting.length === 5, { what: 'five deliveries at once' })
  const acknowledged = () =>
    [...broker.log().matchAll(/Received PUBACK from iomt-7-\w+ \(Mid: (\d+)/g)].map((match) => Number(match[1]))
  for (const index of [4, 2, 1, 3]) waiting[index]?.()
  await new Promise((resolve) => setImmediate(resolve))
  await device.publishAsync('another/topic', 'passes the broker after any PUBACK would have', { qos: 1 })
  expect(acknowledged()).toEqual([])
  waiting[0]?.()
  await waitFor(() => acknowledged().length === 5, { what: 'five PUBACKs' })
  expect(acknowledged()).toEqual([1, 2, 3, 4, 5])
})

test('a delivery that fails is delivered again, flagged, with the same key', async () => {
  const broker = await mosquitto()
  const device = await publisher(broker.url)
  const socket = testSocket(broker.url)
  const deliveries: Delivery[] = []
  const client = newClient({
    random: () => 0,
    deliver: (delivery, onSettled) => {
      deliveries.push(delivery)
      onSettled(deliveries.length === 1 ? new Error('the store is full') : null)
    },
  })
  await client.connectSocket(socket)
  await untilStatus(client, socket.socket_id, 'idle')
  await device.publishAsync(socket.topic, '{"voltage":1}', { qos: 1 })
  await waitFor(() => deliveries.length === 2, { what: 'the second delivery' })
  expect(deliveries.map((delivery) => delivery.possiblyRedelivered)).toEqual([false, true])
  expect(deliveries[1]?.deliveryKey).toBe(deliveries[0]?.deliveryKey)
  expect(deliveries[1]?.redeliveredLate).toBe(false)
})

test('comes back by itself after the broker was away, and after a cut network', async () => {
  const broker = await mosquitto({ persistence: true })
  const proxy = await startTcpProxy({ targetHost: '127.0.0.1', targetPort: broker.port })
  cleanUps.push(() => proxy.close())
  const socket = testSocket(`mqtt://127.0.0.1:${proxy.port}`)
  const data: unknown[] = []
  const client = newClient({ random: () => 0.1 })
  client.on('data', ({ data: value }) => data.push(value))
  await client.connectSocket(socket)
  await untilStatus(client, socket.socket_id, 'idle')
  proxy.cut()
  await untilStatus(client, socket.socket_id, 'offline')
  const device = await publisher(broker.url)
  await device.publishAsync(socket.topic, '1', { qos: 1 })
  proxy.heal()
  await waitFor(() => data.length === 1, { what: 'what was sent meanwhile' })
  await broker.restart()
  await untilStatus(client, socket.socket_id, 'offline')
  await untilStatus(client, socket.socket_id, 'online')
})

test('a partition that is released while it connects never connects late: the session belongs to the next owner', async () => {
  const broker = await mosquitto()
  const proxy = await startTcpProxy({ targetHost: '127.0.0.1', targetPort: broker.port })
  cleanUps.push(() => proxy.close())
  proxy.blackhole()
  const socket = testSocket(`mqtt://127.0.0.1:${proxy.port}`)
  const client = newClient()
  await client.connectSocket(socket)
  await waitFor(() => client.getSocketStatus(socket.socket_id)?.connection.state === 'connecting', {
    what: 'the connect',
  })
  const releasedAt = performance.now()
  await client.releasePartition(socket.partition)
  expect(performance.now() - releasedAt).toBeLessThan(2_000)
  proxy.heal()
  const next = newClient()
  await next.connectSocket(socket)
  await untilStatus(next, socket.socket_id, 'idle')
  expect(broker.log()).not.toContain('already connected')
})

test('a connection that is never quiet is handed over without being forced, and nothing is lost', async () => {
  const broker = await mosquitto({ logPackets: false, maxInflight: 0 })
  const device = await publisher(broker.url)
  const socket = testSocket(broker.url)
  const stored = new Set<string>()
  const deliver: DeliveryHandler = ({ payload }, onSettled) => {
    // Slower than the next message comes: there is always something in flight.
    setTimeout(() => {
      stored.add(payload.toString())
      onSettled()
    }, 20)
  }
  const first = newClient({ deliver })
  await first.connectSocket(socket)
  await untilStatus(first, socket.socket_id, 'idle')
  let published = 0
  let publishing = true
  const flow = (async () => {
    while (publishing) {
      const group = Array.from({ length: 20 }, () => device.publishAsync(socket.topic, String(published++), { qos: 1 }))
      await Promise.all(group)
    }
  })()
  await waitFor(() => stored.size > 200, { what: 'the flow' })
  const releasedAt = performance.now()
  await first.releasePartition(socket.partition)
  // Waiting for a moment of quiet takes 200 ms, giving up on an orderly close a second more.
  expect(performance.now() - releasedAt).toBeLessThan(1_000)
  publishing = false
  await flow
  const second = newClient({ deliver })
  await second.connectSocket(socket)
  await waitFor(() => stored.size === published, { what: 'the next owner to have the rest' })
})

test('above the byte cap it stops reading and stays connected; nothing is lost once storing goes on', async () => {
  const broker = await mosquitto({ logPackets: false, maxInflight: 0 })
  const device = await publisher(broker.url)
  const socket = testSocket(broker.url, { mqtt_config: { keepalive: 1 } })
  let open = false
  const waiting: Array<() => void> = []
  let delivered = 0
  const client = newClient({
    maxPendingBytes: 1_000_000,
    deliver: (_delivery, onSettled) => {
      delivered += 1
      if (open) onSettled()
      else waiting.push(onSettled)
    },
  })
  const disconnected: unknown[] = []
  client.on('disconnected', (event) => disconnected.push(event))
  await client.connectSocket(socket)
  await untilStatus(client, socket.socket_id, 'idle')
  const payload = Buffer.alloc(10_000, 'x')
  await Promise.all(Array.from({ length: 500 }, () => device.publishAsync(socket.topic, payload, { qos: 1 })))
  await waitFor(() => client.figures.pendingBytes >= 1_000_000, { what: 'the cap' })
  const atCap = delivered
  expect(atCap).toBeLessThan(40)
  // Three times the keep-alive limit: without pings of our own the broker would have closed the connection.
  const holdUntil = performance.now() + 4_500
  await waitFor(() => performance.now() > holdUntil, { what: 'the hold' })
  expect(delivered).toBe(atCap)
  expect(disconnected).toEqual([])
  open = true
  for (const resolve of waiting) resolve()
  await waitFor(() => delivered === 500, { what: 'all messages' })
  await waitFor(() => client.figures.pendingBytes === 0, { what: 'an empty budget' })
})

test('a connection whose messages cannot be stored takes all of the cap, and the others go on', async () => {
  const broker = await mosquitto({ logPackets: false, maxInflight: 0 })
  const device = await publisher(broker.url)
  const stuck = testSocket(broker.url)
  const others = [8, 9].map((partition) => testSocket(broker.url, { partition }))
  const delivered = new Map<string, number>()
  const waiting: Array<() => void> = []
  let storable = false
  const client = newClient({
    loadSockets: async () => [stuck, ...others],
    maxPendingBytes: 1_000_000,
    deliver: ({ socket }, onSettled) => {
      delivered.set(socket.socket_id, (delivered.get(socket.socket_id) ?? 0) + 1)
      if (storable || socket.socket_id !== stuck.socket_id) setTimeout(onSettled, 5)
      else waiting.push(onSettled)
    },
  })
  await client.initializeAll()
  for (const { socket_id: socketId } of [stuck, ...others]) await untilStatus(client, socketId, 'idle')
  const payload = Buffer.alloc(10_000, 'x')
  const send = (topic: string) => device.publishAsync(topic, payload, { qos: 1 })
  for (let count = 0; count < 100; count += 1) await send(stuck.topic)
  await waitFor(() => client.figures.pendingBytes >= 1_000_000, { what: 'the cap' })
  await Promise.all(others.flatMap(({ topic }) => Array.from({ length: 100 }, () => send(topic))))
  await waitFor(() => others.every(({ socket_id: socketId }) => delivered.get(socketId) === 100), {
    what: 'all messages of the others',
  })
  expect(delivered.get(stuck.socket_id)).toBeLessThan(40)
  storable = true
  for (const onSettled of waiting) onSettled()
  await waitFor(() => delivered.get(stuck.socket_id) === 100, { what: 'what could not be stored' })
})

test.each([
  [
    'a password above 65,535 bytes',
    { username: 'ward', password: 'é'.repeat(40_000) },
    /the password is too long: 80000 bytes/,
  ],
  ['a user name above 65,535 bytes', { username: 'é'.repeat(40_000) }, /the user name is too long: 80000 bytes/],
  ['a password without a user name', { password: 'secret' }, /username is required/i],
])(
  '%s, which no CONNECT can carry: the status says so, and no attempt leaves a connection',
  async (_what, credentials, reason) => {
    const connections = new Set<Socket>()
    const server = createServer((connection) => {
      connections.add(connection)
      connection.on('error', () => {}).on('close', () => connections.delete(connection))
      connection.resume()
    })
    const port = await freePort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    cleanUps.push(() => {
      for (const connection of connections) connection.destroy()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    })
    // A back-off of 25 ms, so that the attempts do not follow each other at once.
    const client = newClient({ random: () => 0.1 })
    const socket = testSocket(`mqtt://127.0.0.1:${port}`, { mqtt_credentials: credentials })
    await client.connectSocket(socket)
    const status = await waitFor(
      () => {
        const now = client.getSocketStatus(socket.socket_id)
        return now !== null && now.connection.attempts >= 3 && now
      },
      { what: 'three attempts' },
    )
    expect(status.reason).toMatch(reason)
    expect(JSON.stringify(status)).not.toContain('secret')
    await client.disconnectSocket(socket.socket_id)
    await waitFor(() => connections.size === 0, { what: 'every connection to be closed', timeout: 2_000 })
  },
)

test.each([
  ['given up', true],
  ['taken', false],
])('a subtree that was %s while nobody held the session: each message comes once', async (_what, before) => {
  // As MQTT 3.1.1 allows (3.3.5): a message comes once for each filter that matches.
  const broker = await mosquitto({ config: 'allow_duplicate_messages true' })
  const device = await publisher(broker.url)
  const socket = testSocket(broker.url)
  const first = newClient({ deliver: (_delivery, onSettled) => onSettled() })
  await first.connectSocket({ ...socket, subtree: before })
  await untilStatus(first, socket.socket_id, 'idle')
  await first.close()
  const received: string[] = []
  const second = newClient({
    deliver: ({ payload }, onSettled) => {
      received.push(payload.toString())
      onSettled()
    },
  })
  await second.connectSocket({ ...socket, subtree: !before })
  await untilStatus(second, socket.socket_id, 'idle')
  expect(second.getSocketStatus(socket.socket_id)?.connection.session_resumed).toBe(true)
  // What the session held from before is given back after what is wanted was granted.
  await waitFor(
    async () => {
      received.length = 0
      await device.publishAsync(socket.topic, 'probe', { qos: 1 })
      await device.publishAsync(socket.topic, 'end', { qos: 1 })
      await waitFor(() => received.includes('end'), { what: 'the message' })
      return received.filter((text) => text === 'probe').length === 1
    },
    { what: 'each message to come once' },
  )
  for (let index = 0; index < 20; index += 1) await device.publishAsync(socket.topic, String(index), { qos: 1 })
  await waitFor(() => received.includes('19'), { what: 'the last message' })
  expect(received.filter((text) => /^\d+$/.test(text))).toEqual(Array.from({ length: 20 }, (_, index) => String(index)))
})

test('a publisher at QoS 0 is shown with advice', async () => {
  const broker = await mosquitto()
  const device = await publisher(broker.url)
  const socket = testSocket(broker.url)
  const client = newClient()
  await client.connectSocket(socket)
  await untilStatus(client, socket.socket_id, 'idle')
  await device.publishAsync(socket.topic, '1', { qos: 0 })
  const status = await untilStatus(client, socket.socket_id, 'degraded')
  expect(status.advice.map((advice) => advice.code)).toEqual(['publisher-qos-0'])
})

test('MQTT 5: subscribes, resumes its session, and its own publishes do not come back', async () => {
  const broker = await mosquitto()
  const device = await publisher(broker.url)
  const socket = testSocket(broker.url, { mqtt_config: { protocol_version: 5 } })
  const first = newClient()
  const data: unknown[] = []
  first.on('data', ({ data: value }) => data.push(value))
  await first.connectSocket(socket)
  await untilStatus(first, socket.socket_id, 'idle')
  await first.publishToSocket(socket.socket_id, 'own')
  await device.publishAsync(socket.topic, '1', { qos: 1 })
  await waitFor(() => data.length === 1, { what: 'the device’s message' })
  await first.releasePartition(socket.partition)
  await device.publishAsync(socket.topic, '2', { qos: 1 })
  const second = newClient()
  second.on('data', ({ data: value }) => data.push(value))
  await second.connectSocket(socket)
  await waitFor(() => data.length === 2, { what: 'the queued message' })
  expect(data).toEqual([1, 2])
})
