import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { freePort } from '@iomt/testing/free-port'
import { startMosquitto } from '@iomt/testing/mosquitto'
import { startTcpProxy } from '@iomt/testing/tcp-proxy'
import { temporaryDirectory } from '@iomt/testing/temporary-directory'
import { waitFor } from '@iomt/testing/wait-for'
import { Aedes } from 'aedes'
import mqtt from 'mqtt'
import { afterEach, describe, expect, test } from 'vitest'
import type { Delivery, DeliveryHandler, SocketConfig } from './socket-config.ts'
import { SocketMqttClient, type SocketMqttClientOptions } from './socket-mqtt-client.ts'
import { testSocket } from './testing/socket.ts'
import { UnacknowledgedError } from './transport.ts'

const cleanUps: Array<() => Promise<unknown> | unknown> = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function newClient(options: SocketMqttClientOptions = {}): SocketMqttClient {
  const client = new SocketMqttClient(options)
  cleanUps.push(() => client.close())
  return client
}

async function mosquitto(options: Parameters<typeof startMosquitto>[0] = {}) {
  const broker = await startMosquitto(options)
  cleanUps.push(() => broker.stop())
  return broker
}

async function publisher(url: string) {
  const device = await mqtt.connectAsync(url)
  cleanUps.push(() => device.endAsync(true))
  return device
}

const untilStatus = (client: SocketMqttClient, socketId: string, ...names: string[]) =>
  waitFor(
    () => {
      const status = client.getSocketStatus(socketId)
      return status !== null && names.includes(status.status) && status
    },
    { what: `socket to be ${names.join(' or ')}` },
  )

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

describe('refusals', () => {
  async function brokerThat(options: {
    forbids: (topic: string) => boolean
    closes?: boolean
    password?: () => string
  }) {
    const broker = await Aedes.createBroker()
    broker.authorizeSubscribe = (_client, subscription, callback) => {
      if (!options.forbids(subscription.topic)) callback(null, subscription)
      else if (options.closes) callback(new Error('forbidden'))
      else callback(null, null)
    }
    broker.authenticate = (_client, _username, password, callback) =>
      callback(null, options.password === undefined || options.password() === password?.toString())
    const server = createServer((connection) => broker.handle(connection))
    const port = await freePort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    cleanUps.push(() => new Promise<void>((resolve) => broker.close(() => server.close(() => resolve()))))
    return `mqtt://127.0.0.1:${port}`
  }

  test.each([
    ['answers with 0x80', false],
    ['closes the connection', true],
  ])('one forbidden filter of fifty, the broker %s: the other 49 flow', async (_how, closes) => {
    const url = await brokerThat({ forbids: (topic) => topic === 'ward/socket17', closes })
    const sockets = Array.from({ length: 50 }, (_, index) =>
      testSocket(url, { socket_number: index, topic: `ward/socket${index}`, mqtt_config: { clean_session: closes } }),
    )
    // A clean session where the broker closes: aedes keeps even a forbidden filter in the session and closes for ever after.
    const client = newClient({ loadSockets: async () => sockets, random: () => 0.01 })
    const data = new Set<number>()
    client.on('data', ({ socket }) => data.add(socket.socket_number))
    await client.initializeAll()
    for (const socket of sockets)
      await untilStatus(client, socket.socket_id, socket.socket_number === 17 ? 'error' : 'idle')
    expect(client.getSocketStatus((sockets[17] as (typeof sockets)[0]).socket_id)?.subscription).toMatchObject({
      state: 'refused',
    })
    const device = await publisher(url)
    for (const socket of sockets) await device.publishAsync(socket.topic, '1', { qos: 1 })
    await waitFor(() => data.size === 49, { what: '49 messages' })
    expect(data.has(17)).toBe(false)
  })

  test.each([
    ['answers with 0x80', false],
    ['closes the connection', true],
  ])('a forbidden subtree, the broker %s: a socket below it flows by itself', async (_how, closes) => {
    const url = await brokerThat({ forbids: (topic) => topic === 'ward/#', closes })
    const config = { mqtt_config: { clean_session: closes } }
    const wide = testSocket(url, { ...config, topic: 'ward', subtree: true })
    const below = testSocket(url, { ...config, topic: 'ward/socket1', socket_number: 2 })
    const client = newClient({ loadSockets: async () => [wide, below], random: () => 0.01 })
    const data: number[] = []
    client.on('data', ({ socket }) => data.push(socket.socket_number))
    await client.initializeAll()
    await untilStatus(client, below.socket_id, 'idle')
    await untilStatus(client, wide.socket_id, 'error')
    const device = await publisher(url)
    await device.publishAsync('ward/socket1', '1', { qos: 1 })
    await waitFor(() => data.length === 1, { what: 'the message' })
    expect(data).toEqual([2])
  })

  test('a broker that closes once while it is asked for one topic has refused nothing: the topic is asked for again at once', async () => {
    let closesLeft = 1
    const url = await brokerThat({ forbids: () => closesLeft-- > 0, closes: true })
    const socket = testSocket(url, { mqtt_config: { clean_session: true } })
    const client = newClient({ random: () => 0.01 })
    const refusals: unknown[] = []
    client.on('status', () => {
      const subscription = client.getSocketStatus(socket.socket_id)?.subscription
      if (subscription?.state === 'refused') refusals.push(subscription.reason)
    })
    await client.connectSocket(socket)
    await untilStatus(client, socket.socket_id, 'idle')
    expect(closesLeft).toBeLessThan(0)
    expect(refusals).toEqual([])
  })

  test('a topic at which the broker closes is asked for twice, not for ever, and its neighbour flows meanwhile', async () => {
    const asked: string[] = []
    const forbids = (topic: string) => asked.push(topic) > 0 && topic === 'ward/forbidden'
    const url = await brokerThat({ forbids, closes: true })
    const config = { mqtt_config: { clean_session: true } }
    const forbidden = testSocket(url, { ...config, topic: 'ward/forbidden' })
    const client = newClient({ random: () => 0.01 })
    await client.connectSocket(forbidden)
    const status = await untilStatus(client, forbidden.socket_id, 'error')
    expect(status.reason).toBe('the broker closed the connection when asked for this topic')
    const neighbour = testSocket(url, { ...config, topic: 'ward/neighbour' })
    await client.connectSocket(neighbour)
    await untilStatus(client, neighbour.socket_id, 'idle')
    expect(asked).toEqual(['ward/forbidden', 'ward/forbidden', 'ward/neighbour'])
  })

  test('wrong credentials are an error with the broker’s reason; the right ones work without a restart', async () => {
    let accepted = 'right'
    const url = await brokerThat({ forbids: () => false, password: () => accepted })
    const socket = testSocket(url, { mqtt_credentials: { username: 'ward', password: 'wrong' } })
    const client = newClient({ random: () => 0.05 })
    await client.connectSocket(socket)
    const status = await untilStatus(client, socket.socket_id, 'error')
    expect(status.reason).toMatch(/not authorized|bad user ?name or password/i)
    expect(JSON.stringify(status)).not.toContain('wrong')
    await client.connectSocket({ ...socket, mqtt_credentials: { username: 'ward', password: 'right' } })
    await untilStatus(client, socket.socket_id, 'idle')
    accepted = 'rotated'
    await client.connectSocket({ ...socket, mqtt_credentials: { username: 'ward', password: 'rotated' } })
    await waitFor(() => client.getSocketStatus(socket.socket_id)?.connection.state !== 'connected', {
      what: 'the reconnect',
    })
    await untilStatus(client, socket.socket_id, 'idle')
  })
})

describe('a connection that we close ourselves while a topic is to be subscribed', () => {
  /** All that the subscriptions of these sockets are refused for. */
  function refusalsOf(client: SocketMqttClient): unknown[] {
    const refusals: unknown[] = []
    client.on('status', ({ socketIds }) => {
      for (const socketId of socketIds) {
        const subscription = client.getSocketStatus(socketId)?.subscription
        if (subscription?.state === 'refused') refusals.push(subscription.reason)
      }
    })
    return refusals
  }

  test('one change of password and topic: the new topic is subscribed at once', async () => {
    const broker = await mosquitto()
    const socket = testSocket(broker.url, { mqtt_credentials: { username: 'ward', password: 'right' } })
    const client = newClient({ random: () => 0.1 })
    const refusals = refusalsOf(client)
    const reasons: unknown[] = []
    client.on('disconnected', ({ reason }) => reasons.push(reason))
    await client.connectSocket(socket)
    await untilStatus(client, socket.socket_id, 'idle')
    const topic = `${socket.topic}/moved`
    const changed = { ...socket, topic, mqtt_credentials: { username: 'ward', password: 'rotated' } }
    for (let change = 0; change < 3; change += 1) {
      await client.connectSocket(change % 2 === 0 ? changed : socket)
      await waitFor(() => reasons.length > change, { what: 'the reconnect' })
      await untilStatus(client, socket.socket_id, 'idle')
    }
    expect(client.getSocketStatus(socket.socket_id)?.topic).toBe(topic)
    expect(refusals).toEqual([])
    expect(reasons).toEqual(Array(3).fill('connecting again with new credentials'))
  })

  test('a password that changes while the connection is being made: its topics are subscribed', async () => {
    const broker = await mosquitto()
    const proxy = await startTcpProxy({ targetHost: '127.0.0.1', targetPort: broker.port })
    cleanUps.push(() => proxy.close())
    proxy.blackhole()
    const socket = testSocket(`mqtt://127.0.0.1:${proxy.port}`, { mqtt_credentials: { username: 'a', password: '1' } })
    const client = newClient()
    await client.connectSocket(socket)
    await waitFor(() => client.getSocketStatus(socket.socket_id)?.connection.state === 'connecting', {
      what: 'the connect',
    })
    await client.connectSocket({ ...socket, mqtt_credentials: { username: 'a', password: '2' } })
    proxy.heal()
    await untilStatus(client, socket.socket_id, 'idle')
  })

  test('a store that fails: every topic is subscribed once it works', async () => {
    const broker = await mosquitto()
    const device = await publisher(broker.url)
    const first = testSocket(broker.url)
    const second = testSocket(broker.url, { socket_number: 2 })
    const before = newClient()
    await before.connectSocket(first)
    await untilStatus(before, first.socket_id, 'idle')
    await before.close()
    await device.publishAsync(first.topic, '1', { qos: 1 })
    // The session's message comes with each CONNACK, when nothing is subscribed yet.
    let failures = 0
    const client = newClient({
      loadSockets: async () => [first, second],
      random: () => 0.01,
      deliver: (_delivery, onSettled) => {
        failures += 1
        onSettled(failures <= 6 ? new Error('the store is full') : null)
      },
    })
    const refusals = refusalsOf(client)
    const reasons: unknown[] = []
    client.on('disconnected', ({ socketId, reason }) => socketId === first.socket_id && reasons.push(reason))
    await client.initializeAll()
    await untilStatus(client, first.socket_id, 'online')
    await untilStatus(client, second.socket_id, 'idle')
    expect(refusals).toEqual([])
    expect(reasons).toEqual(Array(6).fill('a message could not be stored'))
  })
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

describe('a socket that leaves a topic below the subtree of another', () => {
  /** Both sockets on one connection, which the test can cut, and who got which message. */
  async function ward(mqttConfig: SocketConfig['mqtt_config'] = {}) {
    const broker = await mosquitto()
    const proxy = await startTcpProxy({ targetHost: '127.0.0.1', targetPort: broker.port })
    cleanUps.push(() => proxy.close())
    const url = `mqtt://127.0.0.1:${proxy.port}`
    const wide = testSocket(url, { topic: 'ward', subtree: true, mqtt_config: mqttConfig })
    const below = testSocket(url, { topic: 'ward/below', socket_number: 2, mqtt_config: mqttConfig })
    const received: [number, string][] = []
    const client = newClient({ random: () => 0.1 })
    client.on('data', ({ socket, payload }) => received.push([socket.socket_number, payload.toString()]))
    return { client, proxy, wide, below, received, device: await publisher(broker.url) }
  }

  test.each([
    ['is removed', (client: SocketMqttClient, below: SocketConfig) => client.disconnectSocket(below.socket_id)],
    [
      'moves',
      (client: SocketMqttClient, below: SocketConfig) => client.connectSocket({ ...below, topic: 'ward/moved' }),
    ],
  ])('it %s: the subtree gets what comes there from now on', async (_how, leave) => {
    const { client, wide, below, received, device } = await ward()
    await client.connectSocket(wide)
    await client.connectSocket(below)
    await untilStatus(client, below.socket_id, 'idle')
    await device.publishAsync('ward/below', 'before', { qos: 1 })
    await waitFor(() => received.length === 1, { what: 'the message before' })
    await leave(client, below)
    await device.publishAsync('ward/below', 'after', { qos: 1 })
    await waitFor(() => received.length === 2, { what: 'the message after' })
    expect(received).toEqual([
      [2, 'before'],
      [1, 'after'],
    ])
  })

  test('it moves before anybody takes the subtree: who takes it gets what comes there from now on', async () => {
    const { client, wide, below, received, device } = await ward()
    await client.connectSocket(below)
    await untilStatus(client, below.socket_id, 'idle')
    await client.connectSocket({ ...below, topic: 'elsewhere' })
    await untilStatus(client, below.socket_id, 'idle')
    await client.connectSocket(wide)
    await untilStatus(client, wide.socket_id, 'idle')
    await device.publishAsync('ward/below', 'after', { qos: 1 })
    await waitFor(() => received.length === 1, { what: 'the message' })
    expect(received).toEqual([[1, 'after']])
  })

  test('it leaves a clean session while the broker is away: nothing of it remains', async () => {
    const { client, proxy, wide, below, received, device } = await ward({ clean_session: true })
    // Keeps the connection when the first one leaves.
    const other = { ...below, socket_id: 'other', socket_number: 3, topic: 'elsewhere' }
    await client.connectSocket(below)
    await client.connectSocket(other)
    await untilStatus(client, below.socket_id, 'idle')
    proxy.cut()
    await untilStatus(client, below.socket_id, 'offline')
    await client.disconnectSocket(below.socket_id)
    await client.connectSocket(wide)
    proxy.heal()
    await untilStatus(client, wide.socket_id, 'idle')
    await device.publishAsync('ward/below', 'after', { qos: 1 })
    await waitFor(() => received.length === 1, { what: 'the message' })
    expect(received).toEqual([[1, 'after']])
  })
})

describe('a publish that nothing confirms', () => {
  /** A connected socket, and the network to its broker. */
  async function connected(credentials: SocketConfig['mqtt_credentials'] = {}) {
    const broker = await mosquitto()
    const proxy = await startTcpProxy({ targetHost: '127.0.0.1', targetPort: broker.port })
    cleanUps.push(() => proxy.close())
    const socket = testSocket(`mqtt://127.0.0.1:${proxy.port}`, { mqtt_credentials: credentials })
    const client = newClient({ random: () => 0.1 })
    await client.connectSocket(socket)
    await untilStatus(client, socket.socket_id, 'idle')
    return { proxy, socket, client }
  }

  test('the connection closes first: it may have been sent', async () => {
    const { proxy, socket, client } = await connected()
    proxy.blackhole()
    const published = client.publishToSocket(socket.socket_id, 'on')
    const failure = published.catch((error: unknown) => error)
    proxy.cut()
    expect(await failure).toBeInstanceOf(UnacknowledgedError)
  })

  test('a connection that is closing or closed sends nothing, which is certain', async () => {
    const { proxy, socket, client } = await connected({ username: 'ward', password: 'right' })
    const stateAndFailure = async () => {
      const state = client.getSocketStatus(socket.socket_id)?.connection.state
      return [state, await client.publishToSocket(socket.socket_id, 'on').catch((error: unknown) => error)]
    }
    // A new password closes the connection, and it is gone a moment later.
    await client.connectSocket({ ...socket, mqtt_credentials: { username: 'ward', password: 'rotated' } })
    const [closing, failure] = await stateAndFailure()
    expect(closing).toBe('connected')
    expect(failure).toBeInstanceOf(Error)
    expect(failure).not.toBeInstanceOf(UnacknowledgedError)
    proxy.cut()
    await untilStatus(client, socket.socket_id, 'offline')
    const [, later] = await stateAndFailure()
    expect(later).toBeInstanceOf(Error)
    expect(later).not.toBeInstanceOf(UnacknowledgedError)
  })

  test('a broker that answers with no has not taken it, which is certain', async () => {
    const directory = temporaryDirectory('acl')
    cleanUps.push(() => rmSync(directory, { recursive: true }))
    const rules = join(directory, 'acl')
    writeFileSync(rules, 'topic read #')
    const { url } = await mosquitto({ config: `acl_file ${rules}` })
    const socket = testSocket(url, { mqtt_config: { protocol_version: 5 } })
    const client = newClient()
    await client.connectSocket(socket)
    await untilStatus(client, socket.socket_id, 'idle')
    const refused = await client.publishToSocket(socket.socket_id, 'on').catch((error: unknown) => error)
    expect(String(refused)).toMatch(/not authorized/i)
    expect(refused).not.toBeInstanceOf(UnacknowledgedError)
  })

  test('it does not hold up a handover', async () => {
    const { proxy, socket, client } = await connected()
    proxy.blackhole()
    const failure = client.publishToSocket(socket.socket_id, 'on').catch((error: unknown) => error)
    const releasedAt = performance.now()
    await client.releasePartition(socket.partition)
    expect(performance.now() - releasedAt).toBeLessThan(3_000)
    expect(await failure).toBeInstanceOf(UnacknowledgedError)
  })
})

describe('a broker that is there and answers nothing', () => {
  /** Takes connections, accepts each session, and answers nothing after that. */
  async function brokerWithoutSuback(): Promise<string> {
    const connections = new Set<Socket>()
    const server = createServer((connection) => {
      connections.add(connection)
      connection.on('error', () => {}).on('close', () => connections.delete(connection))
      connection.once('data', () => connection.write(Buffer.from([0x20, 2, 0, 0]))).resume()
    })
    const port = await freePort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    cleanUps.push(() => {
      for (const connection of connections) connection.destroy()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    })
    return `mqtt://127.0.0.1:${port}`
  }

  const ways: [string, (client: SocketMqttClient, socket: SocketConfig) => Promise<void>][] = [
    ['its partition is handed over', (client, { partition }) => client.releasePartition(partition)],
    ['the socket is disabled', (client, { socket_id: socketId }) => client.disconnectSocket(socketId)],
    ['the client is closed', (client) => client.close()],
  ]

  async function secondsOf(work: () => Promise<void>): Promise<number> {
    const startedAt = performance.now()
    await work()
    return (performance.now() - startedAt) / 1_000
  }

  test.each(ways)('frozen, %s: done within seconds', async (_way, end) => {
    const broker = await mosquitto()
    const socket = testSocket(broker.url)
    const client = newClient()
    await client.connectSocket(socket)
    await untilStatus(client, socket.socket_id, 'idle')
    broker.freeze()
    // A second for an orderly close, two to delete the session.
    expect(await secondsOf(() => end(client, socket))).toBeLessThan(4.5)
  })

  test('frozen with messages in hand and reading held back, the socket is disabled: done within seconds', async () => {
    const broker = await mosquitto({ maxInflight: 0 })
    const device = await publisher(broker.url)
    const socket = testSocket(broker.url)
    const client = newClient({ maxPendingBytes: 10_000, deliver: () => {} })
    await client.connectSocket(socket)
    await untilStatus(client, socket.socket_id, 'idle')
    for (let count = 0; count < 10; count += 1) await device.publishAsync(socket.topic, 'x'.repeat(2_000), { qos: 1 })
    await waitFor(() => client.figures.pendingBytes >= 10_000, { what: 'the cap' })
    broker.freeze()
    // And 5 s for what is in hand to be stored.
    expect(await secondsOf(() => client.disconnectSocket(socket.socket_id))).toBeLessThan(9.5)
  })

  test.each(ways)('without a SUBACK, %s: done within seconds', async (_way, end) => {
    const socket = testSocket(await brokerWithoutSuback())
    const client = newClient()
    await client.connectSocket(socket)
    await waitFor(() => client.getSocketStatus(socket.socket_id)?.connection.state === 'connected', {
      what: 'the connection',
    })
    expect(await secondsOf(() => end(client, socket))).toBeLessThan(3)
  })
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

test('a session that nobody needs any more is deleted at the broker', async () => {
  const broker = await mosquitto()
  const socket = testSocket(broker.url)
  const client = newClient()
  await client.connectSocket(socket)
  await untilStatus(client, socket.socket_id, 'idle')
  await client.disconnectSocket(socket.socket_id)
  const { client_id: clientId } = (
    await (async () => {
      await client.connectSocket(socket)
      return untilStatus(client, socket.socket_id, 'idle')
    })()
  ).connection
  const connects = [...broker.log().matchAll(new RegExp(`as ${clientId} \\(p\\d, (c\\d)`, 'g'))].map(
    (match) => match[1],
  )
  expect(connects).toEqual(['c0', 'c1', 'c0'])
})
