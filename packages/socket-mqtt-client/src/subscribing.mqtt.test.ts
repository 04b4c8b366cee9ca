import { createServer } from 'node:net'
import { freePort } from '@iomt/testing/free-port'
import { startTcpProxy } from '@iomt/testing/tcp-proxy'
import { waitFor } from '@iomt/testing/wait-for'
import { Aedes } from 'aedes'
import { describe, expect, test } from 'vitest'
import type { SocketConfig } from './socket-config.ts'
import type { SocketMqttClient } from './socket-mqtt-client.ts'
import { cleanUps, mosquitto, newClient, publisher, untilStatus } from './testing/mqtt-parties.ts'
import { testSocket } from './testing/socket.ts'

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
