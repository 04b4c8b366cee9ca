import { expect, test } from 'vitest'
import type { SocketMqttClient } from './socket-mqtt-client.ts'
import { mosquitto, newClient, untilStatus } from './testing/mqtt-parties.ts'
import { testSocket } from './testing/socket.ts'
import { connectMqttJs } from './transport.mqttjs.ts'
import type { ConnectTransport } from './transport.ts'

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

/** A client whose deletions of sessions wait for `reach`. */
async function discarding() {
  const broker = await mosquitto()
  const reach = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<AbortSignal>()
  const connect: ConnectTransport = async (profile, credentials, handlers, options) => {
    if (options.cleanSession) {
      asked.resolve(options.signal)
      await reach.promise
    }
    return await connectMqttJs(profile, credentials, handlers, options)
  }
  const client = newClient({ connect })
  const socket = testSocket(broker.url)
  await client.connectSocket(socket)
  await untilStatus(client, socket.socket_id, 'idle')
  const discarded = client.disconnectSocket(socket.socket_id)
  return { broker, client, socket, discarded, signal: await asked.promise, reach: reach.resolve }
}

test('a partition is handed over when no deletion of its sessions can reach the broker any more', async () => {
  const { broker, client, socket, discarded, reach } = await discarding()
  let released = false
  const release = client.releasePartition(socket.partition).then(() => {
    released = true
  })
  await client.releasePartition(socket.partition + 1)
  expect(released).toBe(false)
  reach()
  await Promise.all([release, discarded])
  const next = newClient()
  await next.connectSocket(socket)
  await untilStatus(next, socket.socket_id, 'idle')
  expect(broker.log()).not.toMatch(/already connected, closing old connection/)
})

test('who may own a partition no more deletes none of its sessions', async () => {
  const { client, socket, discarded, signal, reach } = await discarding()
  client.abandonPartition(socket.partition)
  expect(signal.aborted).toBe(true)
  reach()
  await discarded
})

test.each([
  ['handed over', (client: SocketMqttClient, partition: number) => client.releasePartition(partition)],
  ['lost', async (client: SocketMqttClient, partition: number) => client.abandonPartition(partition)],
])('a socket that waits for a deletion does not come back when its partition is %s meanwhile', async (_how, letGo) => {
  const { client, socket, discarded, reach } = await discarding()
  const again = client.connectSocket(socket)
  const gone = letGo(client, socket.partition)
  reach()
  await Promise.all([again, gone, discarded])
  expect(client.figures).toMatchObject({ sockets: 0, connections: 0 })
})
