import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { freePort } from '@iomt/testing/free-port'
import { startTcpProxy } from '@iomt/testing/tcp-proxy'
import { temporaryDirectory } from '@iomt/testing/temporary-directory'
import { waitFor } from '@iomt/testing/wait-for'
import { describe, expect, test } from 'vitest'
import { connectionCredentials, connectionProfile } from './connection-profile.ts'
import type { SocketConfig } from './socket-config.ts'
import type { SocketMqttClient } from './socket-mqtt-client.ts'
import { CONNACK, CONNECT, handWritten } from './testing/hand-written-broker.ts'
import { cleanUps, mosquitto, newClient, publisher, untilStatus } from './testing/mqtt-parties.ts'
import { testSocket } from './testing/socket.ts'
import { connectMqttJs } from './transport.mqttjs.ts'
import { UnacknowledgedError } from './transport.ts'

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

test('a broker that sends and reads nothing is left before acknowledgements fill the memory', async () => {
  const socket = await handWritten((packet, connection) => {
    if (packet[0] !== CONNECT) return
    connection.write(CONNACK)
    connection.pause()
  })
  const closed = Promise.withResolvers<string>()
  const profile = { ...connectionProfile(socket), cleanSession: true }
  const transport = await connectMqttJs(
    profile,
    connectionCredentials(socket),
    { onPublish: (_message, next) => next(), onClose: closed.resolve },
    { cleanSession: true, signal: new AbortController().signal },
  )
  const many = Array.from({ length: 65_535 }, (_, index) => ({ packetId: index + 1, qos: 1 as const }))
  // What the system takes first, some MB, is not ours.
  const acknowledging = setInterval(() => transport.acknowledge(many), 1)
  cleanUps.push(() => clearInterval(acknowledging))
  expect(await closed.promise).toBe('the broker does not read our acknowledgements')
})
